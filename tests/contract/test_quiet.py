"""What libraries greet with does not reach standard error; what goes wrong does."""

import os

import pytest

from sources.contract import quiet


def test_only_what_is_written_in_the_block_is_dropped(capfd):
    os.write(2, b"before\n")
    with pytest.raises(ValueError):
        with quiet.standard_error():
            os.write(2, b"a greeting\n")
            raise ValueError("of the block")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "before\nafter\n"
