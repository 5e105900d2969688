"""What several tests share: it takes a second to make."""

import os

import pytest

from sources.progan import device
from tests.sources.progan.progan_files import parity_case


@pytest.fixture(scope="session", autouse=True)
def on_the_device():
    """The CPU, or what GANFP_TEST_DEVICE names."""
    device.choose(os.environ.get("GANFP_TEST_DEVICE", "cpu"))


@pytest.fixture(scope="session")
def case():
    return parity_case()
