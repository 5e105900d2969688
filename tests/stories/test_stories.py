"""Every story of this folder, and every `console` block of the README, acted out."""

import re
from pathlib import Path

import pytest

from tests.stories import story

STORIES = sorted(Path(__file__).parent.glob("*.txt"))
BLOCKS = re.findall(r"(?ms)^```console\n(.*?)^```$", (story.REPOSITORY / "README.md").read_text())


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_a_story_is_true(path, tmp_path):
    story.tell(path.read_text(), tmp_path)


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0][2:60])
def test_the_readme_is_true(block):
    story.tell(block, story.REPOSITORY)


def test_a_story_that_is_not_true_is_noticed(tmp_path):
    with pytest.raises(AssertionError, match="--- found\nsomething"):
        story.tell("$ echo something\nsomething else\n", tmp_path)
    with pytest.raises(AssertionError, match="status 3"):
        story.tell("$ exit 3\n", tmp_path)


def test_dots_stand_for_anything():
    assert story.matches("a ... d", "a b\nc d")
    assert not story.matches("a ... d", "a b")


@pytest.mark.parametrize("page", ["README.md", "docs/contract.md", "docs/methods.md", "docs/experiments.md"])
def test_docker_lines_work_for_everybody_in_any_folder(page):
    """Else the engine makes the folder as root, or takes a blank in a path for the end of it."""
    blocks = re.findall(r"(?ms)^```\w*\n(.*?)^```$", (story.REPOSITORY / page).read_text())
    lines = [(line, block) for block in blocks for line in re.findall(r"docker run .* -v .*", block)]
    assert lines
    for line, block in lines:
        (written,) = re.findall(r'-v "\$PWD/(\w+):/out"', line)
        assert "--user $(id -u):$(id -g)" in line and line.count("$PWD") == line.count('"$PWD/')
        assert re.search(rf"^mkdir -p .*\b{written}\b", block, re.M), line
