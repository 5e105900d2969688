"""What many tests need. It is also read inside the rooms' containers, by Python 2.7 too: imports are late."""

import pytest


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
