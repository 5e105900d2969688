"""A hostile image: whatever it leaves in its folder or says harms its own stage alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from orchestration import runs
from orchestration.engines import Engine
from orchestration.engines.process_engine import ProcessEngine
from orchestration.errors import StageFailed
from orchestration.events import Tell
from orchestration.images import Foreign, Image
from orchestration.images.environments import Environment
from orchestration.keys import KeyedPlan, keyed
from orchestration.stage import Plan
from orchestration.store import Store
from tests.study.shell_study import stage

OUT, NOWHERE, TAKEN = "a link that leads out of it", "a link that leads nowhere", "a name that only the store gives"
REFUSED = {  # {stage: (what it does, in which it sees a file of the user as PRECIOUS; what is said of it)}
    "log": ("ln -s PRECIOUS {out}/stage.log", f"stage.log is {OUT}"),
    "record": ("ln -s PRECIOUS {out}/stage.json", f"stage.json is {OUT}"),
    "temporary": ("ln -s PRECIOUS {out}/stage.json.new", f"stage.json.new is {OUT}"),
    "finished": ("echo '{\"key\": 1}' > {out}/stage.json", f"stage.json is {TAKEN}"),
    "checkpoint": ("mkdir {out}/checkpoints; ln -s PRECIOUS {out}/checkpoints/1", f"checkpoints/1 is {OUT}"),
    "model": ("ln -s PRECIOUS {out}/model.json", f"model.json is {OUT}"),
    "zeros": ("ln -s /dev/zero {out}/images.npy", f"images.npy is {OUT}"),
    "pipe": ("mkfifo {out}/model.json", "model.json is a pipe"),
    "socket": ("""cd {out}; perl -e 'socket(S, 1, 1, 0); bind(S, pack("Sa*", 1, "x"))'""", "x is a socket"),
    "loop": ("ln -s b {out}/a; ln -s a {out}/b", f"a is {NOWHERE}"),
    "around": ("mkdir {out}/a; ln -s .. {out}/a/b", "a/b is a link to a folder around it"),
    "shown": (r"""ln -s /etc "$(printf '{out}/\033]0;x\007')" """, rf"\x1b]0;x\x07 is {OUT}")}
HARMLESS = {  # {stage: what it does}
    "nulls": """echo '{"event": "progress", "step": null, "total": null, "losses": null}'""",
    "numbers": """echo '{"event": "progress", "step": NaN, "total": 1e999}'
                  echo '{"event": "progress", "step": 1, "total": 2, "images_per_second": NaN}'""",
    "endless": """printf '{"event": "'; dd if=/dev/zero bs=1M count=64; dd if=/dev/zero bs=1M count=64 >&2""",
    "flood": """perl -e 'print "{\\"event\\": \\"warning\\", \\"message\\": \\"x\\"}\\n" x 50000'""",
    "binary": r"""printf '\377\376{"event": "\377"}\n\000\n'; printf '\377' >&2""",
    "escapes": r"""printf '{"event": "warning", "message": "\\u001b]0;owned\\u0007\\ud800"}\n'; printf '\033[2J' >&2""",
    "links": "echo x > {out}/a; ln {out}/a {out}/b; ln -s b {out}/c"}
FAILING = r"""printf '\033]0;owned\007trouble\n' >&2; exit 7"""
TAMED = """if [ -e {out}/tried ]; then echo second >&2; exit; fi; echo first >&2; touch {out}/tried
           ln -s PRECIOUS {out}/stage.log; ln -s PRECIOUS {out}/stage.json; exit 1"""


class ShellEngine(ProcessEngine):
    """The process engine, with a shell in place of an image's program."""

    def _environment(self, image: Image, tell: Tell) -> Environment:
        return Environment(("/bin/sh",), {}, "a shell")


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    return ShellEngine(tmp_path) if request.param == "process" else request.getfixturevalue("docker_engine")


@pytest.fixture
def image(engine: Engine, request: pytest.FixtureRequest) -> str:
    return "a shell" if engine.name == "process" else request.getfixturevalue("tiny_image")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "store")


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    path = tmp_path / "precious"
    path.write_text("precious")
    return path


def study(image: str, scripts: dict[str, str], precious: Path) -> KeyedPlan:
    stages = tuple(stage(image, name, script.replace("PRECIOUS", str(precious))) for name, script in scripts.items())
    return keyed(Plan("s", stages, {}), lambda name, flavour: Foreign(name, flavour, name), lambda path: "")


def test_a_hostile_image_harms_its_own_stage_alone(
    engine: Engine, image: str, store: Store, precious: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = {name: script for name, (script, _) in REFUSED.items()}
    wanted = study(image, {**refused, **HARMLESS, "failing": FAILING}, precious)
    with pytest.raises(StageFailed, match="failing failed; all else is done"):
        runs.run(wanted, store, engine, Console(width=100))
    told = capsys.readouterr().out
    for name, (_, said) in REFUSED.items():
        place = store.partial(wanted.keys[name])
        assert f"\n{name} failed: what it left in {place} is refused: {said}; a stage may" in told
    assert {left.name for left in runs.unfinished(wanted, store)} == {*REFUSED, "failing"}
    assert r"    \x1b]0;owned\x07trouble" in told and r"escapes: \x1b]0;owned\x07\ud800" in told and "\x1b" not in told
    assert 0 < told.count("flood: x\n") < 1000 and store.log(wanted.keys["endless"]).stat().st_size < 1 << 20
    assert precious.read_text() == "precious" and {path.name for path in precious.parent.iterdir()} == {
        "store", "precious"}


def test_a_stage_that_was_hostile_goes_on_with_its_log(
    engine: Engine, image: str, store: Store, precious: Path
) -> None:
    wanted = study(image, {"tamed": TAMED}, precious)
    with pytest.raises(StageFailed):
        runs.run(wanted, store, engine, Console(quiet=True))
    runs.run(wanted, store, engine, Console(quiet=True))
    folder = store.folder(wanted.keys["tamed"])
    assert (folder / "stage.log").read_text().split() == ["first", "second"] and precious.read_text() == "precious"
    assert not (folder / "stage.log").is_symlink() and store.record(wanted.keys["tamed"])["name"] == "tamed"
