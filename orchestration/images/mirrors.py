"""Where a Debian's packages come from: the host's mirrors or, for what these have dropped, Debian's archive.

There a Release may have expired, and so may the key that signed it. The signature itself is verified all the same, by
containers/base/gpgv.
"""

import shutil
import subprocess
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import requests

from orchestration.images import frameworks

_DEBIAN, _ARCHIVE = "http://deb.debian.org", "http://archive.debian.org"
_PARTS = {"": "debian", "-updates": "debian", "-security": "debian-security"}  # a suite, and what mends it
GPGV = "containers/base/gpgv"
_EXPIRED = "[check-valid-until=no] "
_PATIENCE_SECONDS = 10
_APT = ("apt-get", "indextargets", "--format", "$(ORIGIN) $(CODENAME) $(REPO_URI)", "Created-By: Packages")


def lines(suite: str) -> list[str]:
    """Of a sources.list for `suite`, a name such as bullseye. Updates that nobody serves are left out."""
    hosts = _hosts()
    found = [_line(suite + part, [hosts.get(part, f"{_DEBIAN}/{folder}"), f"{_DEBIAN}/{folder}",
                                  f"{_ARCHIVE}/{folder}"]) for part, folder in _PARTS.items()]
    return [line for line in found if line]


def is_old(sources: list[str]) -> bool:
    """Whether nobody signs some of these sources anew."""
    return any(_EXPIRED in line for line in sources)


def files(sources: list[str]) -> dict[str, bytes]:
    """What apt is told in an image, {path below /etc/apt: content}."""
    told = {"sources.list": "".join(f"{line}\n" for line in sources), "gpgv": frameworks.read(GPGV)}
    if is_old(sources):
        told["apt.conf.d/90gpgv"] = 'APT::Key::gpgvcommand "/etc/apt/gpgv";\n'
    return {path: text.encode() for path, text in told.items()}


def _hosts() -> dict[str, str]:
    """The mirrors of a host that is a Debian itself, {part: place}. Only http: a bare Debian has no certificates."""
    if shutil.which(_APT[0]) is None:
        return {}
    told = subprocess.run(_APT, capture_output=True, text=True, check=False).stdout
    rows = [line.split() for line in told.splitlines()]
    return {"".join(codename.partition("-")[1:]): place.rstrip("/") for origin, codename, place in reversed(rows)
            if origin == "Debian" and place.startswith("http://") and "@" not in place}


def _line(release: str, places: list[str]) -> str:
    """Names the first place that has a release, or that does not say; empty if none has it."""
    for place in dict.fromkeys(places):
        try:
            answer = requests.get(f"{place}/dists/{release}/Release", timeout=_PATIENCE_SECONDS)
        except requests.RequestException:  # apt may know another way there, or has more to say
            status, text = 0, ""
        else:
            status, text = answer.status_code, answer.content.decode("utf-8", "replace")
        if status != requests.codes.not_found:
            old = place.startswith(_ARCHIVE) or _has_expired(text)
            return f"deb {_EXPIRED if old else ''}{place} {release} main"
    return ""


def _has_expired(text: str) -> bool:
    """Whether a Release says that it is not valid any more."""
    until = [line.partition(":")[2] for line in text.splitlines() if line.startswith("Valid-Until:")]
    return bool(until) and parsedate_to_datetime(until[0]) < datetime.now(UTC)
