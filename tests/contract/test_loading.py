"""While a framework is loaded nobody looks for garbage; afterwards somebody does again."""

import gc

import pytest

from sources.contract import loading


def test_garbage_is_collected_again_after_the_block_however_it_ended():
    with pytest.raises(ImportError):
        with loading.framework():
            assert not gc.isenabled()
            raise ImportError("of the framework")
    assert gc.isenabled()


@pytest.mark.skipif(not hasattr(gc, "freeze"), reason="Python 3.7 and later have it")
def test_what_the_block_made_is_not_looked_at_any_more():
    with loading.framework():
        made = [[] for _ in range(1000)]
    known = {id(one) for one in gc.get_objects()}
    assert not any(id(one) in known for one in made)
    gc.unfreeze()
