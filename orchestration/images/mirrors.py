"""Where a Debian's packages come from: the host's mirrors or, once they have dropped it, Debian's archive.

There a Release may have expired, and so may the key that signed it. The signature itself is verified all the same, by
containers/base/gpgv.
"""

import shutil
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from orchestration.images import frameworks

GPGV = "containers/base/gpgv"
_DEBIAN, _ARCHIVE = "http://deb.debian.org", "http://archive.debian.org"
_PARTS = {"": "debian", "-updates": "debian", "-security": "debian-security"}  # a suite, and what mends it
_EXPIRED = "[check-valid-until=no] "
_PATIENCE_SECONDS = 10
_APT = ("apt-get", "indextargets", "--format", "$(ORIGIN)|$(CODENAME)|$(REPO_URI)", "Created-By: Packages")


@dataclass(frozen=True)
class Sources:
    """The lines of a sources.list. certain: whether every server that was asked has answered."""

    lines: tuple[str, ...]
    certain: bool

    @property
    def text(self) -> str:
        """As a file."""
        return "".join(f"{line}\n" for line in self.lines)

    @property
    def are_old(self) -> bool:
        """Whether nobody signs some of them anew."""
        return _EXPIRED in self.text

    def files(self) -> dict[str, bytes]:
        """What apt is told in an image, {path below /etc/apt: content}."""
        told = {"sources.list": self.text, "gpgv": frameworks.read(GPGV)}
        if self.are_old:
            told["apt.conf.d/90gpgv"] = 'APT::Key::gpgvcommand "/etc/apt/gpgv";\n'
        return {path: text.encode() for path, text in told.items()}


def find(suite: str) -> Sources:
    """Those of `suite`, a name such as bullseye. Updates that nobody serves are left out."""
    hosts = _of_the_host()
    found = [_line(suite + part, [hosts.get(part, f"{_DEBIAN}/{folder}"), f"{_DEBIAN}/{folder}",
                                  f"{_ARCHIVE}/{folder}"]) for part, folder in _PARTS.items()]
    return Sources(tuple(line for line, _ in found if line), all(certain for _, certain in found))


def _of_the_host() -> dict[str, str]:
    """The mirrors of a host that is a Debian itself, {part: place}. Only http: a bare Debian has no certificates."""
    if shutil.which(_APT[0]) is None:
        return {}
    told = subprocess.run(_APT, capture_output=True, text=True, check=False).stdout
    rows = [line.split("|") for line in reversed(told.splitlines()) if line.count("|") == 2]
    return {"".join(codename.partition("-")[1:]): place.rstrip("/") for origin, codename, place in rows
            if origin == "Debian" and place.startswith("http://") and "@" not in place}


def _line(release: str, places: list[str]) -> tuple[str, bool]:
    """Names the first place that has a release, or that does not answer; empty if none has it. Is it certain?"""
    for place in dict.fromkeys(places):
        try:
            answer = requests.get(f"{place}/dists/{release}/Release", timeout=_PATIENCE_SECONDS)
        except requests.RequestException:  # apt may know another way there, or has more to say
            return _written(place, release, old=place.startswith(_ARCHIVE)), False
        if answer.status_code != requests.codes.not_found:
            old = place.startswith(_ARCHIVE) or _has_expired(answer.content.decode("utf-8", "replace"))
            return _written(place, release, old), True
    return "", True


def _written(place: str, release: str, old: bool) -> str:
    return f"deb {_EXPIRED if old else ''}{place} {release} main"


def _has_expired(text: str) -> bool:
    """Whether a Release says that it is not valid any more."""
    until = [line.partition(":")[2] for line in text.splitlines() if line.startswith("Valid-Until:")]
    return bool(until) and parsedate_to_datetime(until[0]) < datetime.now(UTC)
