"""python -m sources.sngan train|generate|import|export|check"""

from sources.contract import command

from .check import check
from .export import export
from .generate import generate
from .published import import_published


def _train(arguments):
    from .train import train  # late, as it loads Chainer

    train(arguments)


if __name__ == "__main__":
    command.run("python -m sources.sngan", "SNGAN (Miyato et al. 2018) on Chainer", _train, generate,
                import_published, export, check)
