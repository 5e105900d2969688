"""A short run of the chaos on a cluster, and a long one."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.slurm.chaos import VICTIMS, Chaos
from tests.slurm.cluster import Cluster

pytestmark = pytest.mark.docker


@pytest.mark.parametrize("kills", [pytest.param(50, marks=pytest.mark.campaign)])
def test_deaths_at_random_lose_nothing(kills: int, cluster: Cluster, tiny_image: str, tmp_path: Path) -> None:
    chaos = Chaos(cluster, tiny_image, tmp_path, random.Random(0))
    chaos.run(kills)
    assert chaos.deaths.total() == kills and set(chaos.deaths) == set(VICTIMS)
