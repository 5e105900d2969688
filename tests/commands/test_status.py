"""orchestrate.py status: what it says of data that it has to read."""

import subprocess
import sys
from pathlib import Path

from PIL import Image

REPOSITORY = Path(__file__).resolve().parents[2]
MANIFEST = """
study: mine
resolution: 32
device: cpu
dataset: {kind: photos, archive: album}
images: {gan: 4, train: 3, validation: 1, test: 2}
sources: {A: {image: progan}}
"""


def status(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, REPOSITORY / "orchestrate.py", "status", "m.yaml", "--store", "store"],
                          cwd=folder, capture_output=True, text=True, check=True)


def test_it_says_what_it_reads_and_reads_it_once_even_after_what_it_kept_was_damaged(tmp_path: Path) -> None:
    (tmp_path / "m.yaml").write_text(MANIFEST)
    (tmp_path / "album").mkdir()
    for number in range(4):
        Image.new("RGB", (64, 64), (number, 0, 0)).save(tmp_path / f"album/{number}.png")
    first, second = status(tmp_path), status(tmp_path)
    (tmp_path / "store/files.json").write_text("")
    (tmp_path / "album/Thumbs.db").touch()
    third = status(tmp_path)
    assert first.stderr == third.stderr == "reading album (4 files, 0.0 MiB) once, for its hash\n"
    assert second.stderr == "" and first.stdout == second.stdout == third.stdout
    assert not (tmp_path / "store/.run").exists()
