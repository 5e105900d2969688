"""What many tests need. It is also read inside the rooms' containers, by Python 2.7 too: imports are late."""

import signal

import pytest


@pytest.fixture(autouse=True)
def signals():
    """Signals do after a test what they did before it: a work that was stopped leaves them noted."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before):  # noqa: B905 - Python 2.7 reads it too
        signal.signal(number, handler)


@pytest.fixture(scope="session")
def docker_engine():
    """A Docker Engine; tests that need one are skipped, with the reason, where there is none."""
    from orchestration.engines.docker_engine import connect
    from orchestration.errors import NoEngine

    try:
        engine = connect()
    except NoEngine as error:
        pytest.skip(str(error))
    yield engine
    engine.client.close()
