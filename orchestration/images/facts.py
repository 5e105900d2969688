"""image.toml: what builds, environments and the doctor need to know beside a Dockerfile."""

import tomllib

from pydantic import BaseModel, ConfigDict, ValidationError

from orchestration.errors import UserError
from orchestration.repository import REPOSITORY


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Ptx(_Part):
    """Code that drivers compile, of GPUs that the framework has no machine code for.

    version: of PTX. capability: the least of those GPUs. driver: the oldest that knows the version.
    """

    version: str
    capability: float
    driver: tuple[int, ...]


class Cuda(_Part):
    """What the CUDA flavour drives.

    version: of CUDA. driver: the oldest that it accepts. capability: the least and the greatest
    compute capability of the GPUs that the framework has code for. otherwise: what to use for
    another GPU. ptx: of the newest GPUs, where there is no machine code for them.
    """

    version: str
    driver: tuple[int, ...]
    capability: tuple[float, float]
    otherwise: str
    ptx: Ptx | None = None

    def driver_of(self, capability: float | None) -> tuple[int, ...]:
        """The oldest driver that does for a GPU of this compute capability; None: nobody knows it."""
        if self.ptx and capability is not None and capability >= self.ptx.capability:
            return self.ptx.driver
        return self.driver


class Facts(_Part):
    """What an image stands on.

    suite: of Debian. python: its version. packages: of Debian, in the base. data: packages of
    Debian whose files below /usr/share go in. cpu_build: the project whose build for the CPU is
    not on every index.
    """

    suite: str
    python: str
    packages: tuple[str, ...]
    data: tuple[str, ...] = ()
    cpu_build: str = ""
    cuda: Cuda | None = None


def read(name: str) -> Facts:
    """What containers/NAME/image.toml says. Raises UserError that names the file and the key."""
    path = REPOSITORY / "containers" / name / "image.toml"
    try:
        return Facts.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise UserError(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UserError(f"{path}: {place}: {first['msg']}") from error
