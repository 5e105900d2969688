"""A short run of the chaos, and a long one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.engines.docker_engine import DockerEngine
from tests.chaos import own_engine
from tests.chaos.chaos import Chaos
from tests.study import examples
from tests.study.eigenimages_study import IMAGE

pytestmark = pytest.mark.docker


@pytest.fixture
def engine(docker_engine: DockerEngine) -> Iterator[own_engine.OwnEngine]:
    if reason := own_engine.reason_against():
        pytest.skip(reason)
    examples.image(docker_engine, "fifth_gan", IMAGE)
    with own_engine.OwnEngine() as engine:
        yield engine


@pytest.mark.parametrize("kills", [3, pytest.param(100, marks=pytest.mark.campaign)])
def test_deaths_at_random_lose_nothing(kills: int, engine: own_engine.OwnEngine, tmp_path: Path) -> None:
    chaos = Chaos(engine, tmp_path, seed=0)
    chaos.run(kills)
    assert sum(chaos.deaths.values()) == kills and set(chaos.deaths) == {"orchestrator", "containers", "engine"}
