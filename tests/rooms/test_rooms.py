"""The tests of each room, run in the room's own container: its framework, its Python, no network.

The image is the shipped one and a pinned pytest (containers/test/Dockerfile).
"""

import json
import subprocess
from pathlib import Path

import pytest

from orchestration.images import answers

REPOSITORY = Path(__file__).resolve().parents[2]
ROOMS = {
    "real": ["tests/sources/real", "tests/contract"],
    "progan": ["tests/sources/progan"],
    "sngan": ["tests/sources/sngan", "tests/contract"],
    "cramergan": ["tests/sources/cramer_mmd"],
    "attribution": ["tests/attribution"],
    "knn": ["tests/baselines"],
    "analysis": ["tests/analysis"],
    "perception": ["tests/perception"],
}

pytestmark = pytest.mark.docker


@pytest.mark.parametrize("image", ROOMS)
def test_the_room_passes_its_own_tests_in_its_container(image, test_image):
    """Its tests pass; what they print is shown when they do not."""
    finished = subprocess.run(
        ["docker", "run", "--rm", "--network", "none", "--volume", f"{REPOSITORY}:/repository:ro",
         "--workdir", "/repository", "--entrypoint", "python", test_image(image),
         "-m", "pytest", "-q", "-p", "no:cacheprovider", *ROOMS[image]],
        capture_output=True, text=True, timeout=3000, check=False)
    print(finished.stdout[-6000:], finished.stderr[-2000:])
    assert finished.returncode == 0
    assert " passed" in finished.stdout


@pytest.mark.parametrize("image", ROOMS)
def test_the_image_tells_the_settings_that_are_told_without_it(image, test_image, docker_engine):
    """`plan` asks this Python and not the image, which need not be built: both say the same."""
    image_id = docker_engine.image_id(test_image(image))
    status, said = docker_engine.ask(image_id, "settings")
    assert status == 0 and json.loads(said) == answers.of_ours(image)
