"""The command line: thin verbs over `ftft.Workspace`, one file a group, loaded when asked for.

With --json standard output is exactly one JSON document; everything else goes to standard error.
"""

import sys
from importlib import import_module

import click

from ftft import __version__
from ftft.cli.output import fail
from ftft.system import unsupported

# command -> module:attribute, so that `ftft --help` loads only what it lists.
COMMANDS = {
    "demo": "ftft.cli.demo:demo",
    "app": "ftft.cli.app:app",
    "data": "ftft.cli.data:data",
    "train": "ftft.cli.train:train",
    "estimate": "ftft.cli.estimate:estimate",
    "experiment": "ftft.cli.experiments:experiment",
    "results": "ftft.cli.results:results",
    "report": "ftft.cli.results:report",
    "theory": "ftft.cli.theory:theory",
    "runs": "ftft.cli.runs:runs",
    "jobs": "ftft.cli.jobs:jobs",
    "map": "ftft.cli.maps:map_",
    "transfer": "ftft.cli.maps:transfer",
    "select": "ftft.cli.maps:select",
    "subsets": "ftft.cli.subsets:subsets",
    "notes": "ftft.cli.notes:notes",
    "import": "ftft.cli.imports:import_",
    "pretrain": "ftft.cli.pretrain:pretrain",
    "rebuild": "ftft.cli.store:rebuild",
    "doctor": "ftft.cli.doctor:doctor",
    "run-spec": "ftft.cli.train:run_spec",
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        if (problem := unsupported()) and cmd_name != "doctor":
            raise problem  # before anything of it is loaded, which would fail with less telling words
        module, attribute = COMMANDS[cmd_name].split(":")
        return getattr(import_module(module), attribute)


@click.command(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="ftft")
def ftft() -> None:
    """Data maps, FTFT and stable fine-tuning of language models.

    \b
    ftft demo                                          see the whole loop on a bundled task
    ftft data add NAME --train FILE --text COL --label COL
    ftft train NAME --model MODEL                      a reference model, with its training dynamics
    ftft app                                           look at its map, choose examples, train on them

    Completion in bash: eval "$(_FTFT_COMPLETE=bash_source ftft)"; zsh and fish likewise.
    """


def main(arguments: list[str] | None = None) -> None:
    """Runs one command and exits: 0 done, 1 the work failed, 2 the input is wrong, 130 on Ctrl-C."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        sys.exit(ftft(words, prog_name="ftft", standalone_mode=False) or 0)
    except click.exceptions.Exit as end:
        sys.exit(end.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(130)
    except Exception as problem:
        sys.exit(fail(problem, as_json="--json" in words))
