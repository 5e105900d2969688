"""Answers of methods for which nobody vouches."""

import json

import numpy as np
import pytest

from attribution.analysis.lab import Lab
from sources.contract.errors import BadInput
from tests.experiments import answers


@pytest.fixture
def lab(tmp_path):
    """A lab with one whole answer, in the folder `said`."""
    answers.write(tmp_path / "said", ["a", "b"], {"a": 2, "b": 2}, np.eye(2).repeat(2, axis=0))
    return Lab(tmp_path, {"said": "said"})


@pytest.mark.parametrize("sets", [
    None, 3, [3], [{}], [{"name": "a", "count": "2"}], [{"name": "a", "count": None}],
    [{"name": "a", "count": 10 ** 12}], [{"name": "a", "count": 10 ** 12}, {"name": "b", "count": 4 - 10 ** 12}]])
def test_sets_that_cannot_be_are_refused_before_they_fill_the_memory(lab, tmp_path, sets):
    index = tmp_path / "said/attribution.json"
    index.write_text(json.dumps(dict(json.loads(index.read_text()), sets=sets)))
    np.save(tmp_path / "said/features.npy", np.zeros((4, 2), np.float32))
    for read in (lab.scores, lab.labels_of):
        with pytest.raises(BadInput, match="said"):
            read("said")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"\x80\x04N.", b"\x93NUMPY\x02\x00\xff\xff\xff\xff"])
@pytest.mark.parametrize("name", ["scores", "features", "distances", "familiarity"])
def test_numbers_that_are_none_are_refused(lab, tmp_path, name, content):
    (tmp_path / f"said/{name}.npy").write_bytes(content)
    with pytest.raises(BadInput, match=f"said.*{'scores' if name == 'scores' else name + '.npy'}"):
        getattr(lab, name)("said")
