"""What several tests share: it takes a second to make."""

import pytest

from tests.sources.progan.progan_files import parity_case


@pytest.fixture(scope="session")
def case():
    return parity_case()
