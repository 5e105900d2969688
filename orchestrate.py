"""From a manifest to a finished study: the command line. Each verb is a file of commands/."""

import importlib
import io
import os
import sys

import click

from commands.interruption import interruptible
from datasets import Unusable
from orchestration.errors import OrchestrationError, UserError
from orchestration.text import printable
from sources.contract.errors import ContractError

VERBS = {
    "plan": "print what a manifest would run",
    "run": "run a study, or what is left of it",
    "status": "say which stages of a study are done",
    "cancel": "end the jobs of a study on a cluster",
    "doctor": "check this machine, and say what would mend it",
    "images": "build container images, or save and load them",
    "store": "say what the store holds, or remove what is not needed",
    "imageset": "make an image set from pictures, or pictures from an image set",
    "attribute": "say which source made a picture",
}


class _Verbs(click.Group):
    """Loads a verb's file only when it is asked for: a finished study must not wait for what it does not use."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in VERBS:
            return None
        _require_linux()
        command = importlib.import_module(f"commands.{name}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=_Verbs, epilog="Exit status: 0 done, 1 a stage failed or nobody reads the output any more, 2 bad "
                                "input, 3 no such GPU, 4 no engine, 130 stopped.")
@click.pass_context
def main(context: click.Context) -> None:
    """Which GAN made this image? Train the GANs, attribute their images, read the report."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        context.color = False
    elif os.environ.get("FORCE_COLOR"):
        context.color = True


def _require_linux() -> None:
    if sys.platform != "linux":
        raise UserError("orchestrate.py runs on Linux only; elsewhere use a Linux machine, a virtual one or WSL 2 too")


def _write_what_can_be_written() -> None:
    """A name that the terminal's encoding lacks, or that is none in any, is shown with escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # not where the descriptor is closed
            stream.reconfigure(errors="backslashreplace")


if __name__ == "__main__":
    _write_what_can_be_written()
    try:
        with interruptible("the same command"):
            main(prog_name="orchestrate.py")
    except (OrchestrationError, ContractError, Unusable) as error:
        click.echo("".join(f"error: {printable(line)}\n" for line in str(error).splitlines()), err=True, nl=False)
        sys.exit(error.status)
