"""Fuzzes the readers of manifests and of what images say of their settings.

    python tests/fuzz/fuzz_manifests.py [--count 10000] [--seed 0] [READER ...]

READER: manifests, schemas. Each input is one of our manifests with damaged bytes, or with words that mean much in
YAML and little in a manifest; or an answer to the verb `settings` that makes little sense. What is wrong:
docs/fuzzing.md.
"""

import random
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import experiments  # noqa: E402 - found by the line above
from orchestration import manifest, plan  # noqa: E402
from orchestration.errors import UserError  # noqa: E402
from orchestration.images import answers  # noqa: E402
from orchestration.schemas import complaints  # noqa: E402
from tests.fuzz import damage  # noqa: E402
from tests.fuzz.fuzzing import Runner, main  # noqa: E402

_WORDS = (
    "{{ x }}", "[", "]", "{", "}", "&a", "*a", "<<: *a", "!!python/object/apply:os.system [touch elsewhere]",
    "!!binary x", "!!set {a}", "!!timestamp x", "!!int x", "!!omap x", "2001-01-01", "1:30", "0o17", "017", ".nan",
    ".inf", "-.inf", "1e400", "1e-4", "~", "null", "yes", "? a\n: b", "|\n  a", ">\n  a", "'", '"', "\t", "---", "...",
    "%YAML 9.9", "#", "é", "\x00", "\x1b[2J", "\ufeff", "\u202e", "- a", "a: b", "x" * 5000, "9" * 5000, "-1", "0",
    "1" + "0" * 30, "../../elsewhere", "!", "@", "`", "%", "[" * 3000, "{a: " * 3000, "&a [*a]", "? " * 3000,
    "a: &a [x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b]\n"
    "d: [*c,*c,*c,*c,*c,*c,*c]")


_SCHEMA = {"train": {
    "type": "object", "additionalProperties": False,
    "properties": {"steps": {"type": "integer", "minimum": 1, "maximum": 10 ** 9, "default": 5},
                   "rate": {"type": ["number", "null"], "exclusiveMinimum": 0, "exclusiveMaximum": 1},
                   "mode": {"enum": ["a", "b", None, 1]}, "on": {"type": "boolean"},
                   "sizes": {"type": "array", "minItems": 1, "items": {"type": "integer", "minimum": 0}}}}}
_CONFIGS = ({"steps": 3, "rate": None, "mode": "a", "on": True, "sizes": [1, 2]}, {"step": 1, "rate": float("inf")},
            {"steps": "x", "rate": "0.1", "mode": [1], "on": 1, "sizes": []}, {"sizes": [[1], None, {"a": 1}]})


def inputs(seed, count):
    """Yield `count` damaged manifests, a function of the seed and our manifests alone."""
    chance = random.Random(seed)
    whole = [path.read_text("utf-8") for path in sorted((ROOT / "manifests").glob("*.yaml"))]
    short = min(whole, key=len)  # of which a plan is quickly made
    for _ in range(count):
        text = chance.choice((*whole, *[short] * 16))
        if chance.random() < 0.3:
            yield damage.damaged(chance, text.encode())
        else:
            yield _reworded(chance, text).encode("utf-8", "surrogatepass")


def _reworded(chance, text):
    lines = text.splitlines()
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        place, word = chance.randrange(len(lines)), chance.choice(_WORDS)
        key, colon, value = lines[place].partition(":")
        lines[place] = chance.choice((
            f"{key}: {word}", f"{word}: {value}", f"{lines[place]}\n{lines[place]}", f"{key}x{colon}{value}", "",
            f" {lines[place]}", lines[place].replace("{", "{" + word + ", "), f"{key}:{value} {word}",
            f"{lines[place]}\n{word}", lines[place].replace(chance.choice("0123456789"), word)))
    return "\n".join(lines)


def read(path, out):
    """What every verb does with a manifest first."""
    plan.expand(manifest.read(path))


def schemas(seed, count):
    """Yield `count` damaged answers to the verb `settings`, a function of the seed alone."""
    chance = random.Random(seed)
    for _ in range(count):
        yield damage.damaged_json(chance, _SCHEMA)


def read_schema(path, out):
    """What is made of an answer; one that makes no sense is none."""
    said = answers._said(path.read_bytes()) or {}
    for config in _CONFIGS:
        complaints(said.get("train", {}), config)


class _Lines(Runner):
    """A refusal is a line for each complaint."""

    def _wrong_refusal(self, message, out):
        wrong = [found for line in message.split("\n") if (found := super(_Lines, self)._wrong_refusal(line, out))]
        return wrong[0] if wrong else None


def fuzz(seed, count):
    """(accepted, refused, [(what was wrong, the input)])."""
    for name in experiments.names():
        experiments.load(name)
    with _Lines(read, refusal=UserError, name="input.yaml") as runner:
        for path in (ROOT / "manifests").glob("*.yaml"):
            read(path, None)
        return runner.feed_all(inputs(seed, count))


def fuzz_schemas(seed, count):
    """The same of answers to the verb `settings`."""
    with Runner(read_schema, name="input.json") as runner:
        return runner.feed_all(schemas(seed, count))


if __name__ == "__main__":
    main(__doc__, {"manifests": fuzz, "schemas": fuzz_schemas}, "input")
