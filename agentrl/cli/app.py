"""The program `agentrl`: its commands, and how errors leave it.

Exit codes: 0 done; 1 the machinery failed (or a check did); 2 the input is wrong; 130 stopped by Ctrl-C.
"""

from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from agentrl.cli import adversary, env, evaluate, generate, train
from agentrl.cli.console import print_error
from agentrl.errors import InfrastructureError, TooManyFailuresError, UserError

HELP_OPTIONS = {"help_option_names": ["-h", "--help"]}


class Commands(TyperGroup):
    """A group of commands in which errors raised on purpose become one line on stderr and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except UserError as error:
            print_error(str(error))
            raise typer.Exit(2) from error
        except (InfrastructureError, TooManyFailuresError) as error:
            print_error(str(error))
            raise typer.Exit(1) from error
        except KeyboardInterrupt as error:
            typer.echo("stopped by Ctrl-C", err=True)
            raise typer.Exit(130) from error


def _print_version(asked: bool) -> None:
    if asked:
        from agentrl import __version__

        typer.echo(f"agentrl {__version__}")
        raise typer.Exit


app = typer.Typer(
    name="agentrl",
    cls=Commands,
    help="Environments and trainers for language-model agents, one or several.",
    epilog="Start here: agentrl train --env guess_number",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings=HELP_OPTIONS,
)


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Options of the program itself."""


app.command("train", cls=train.TrainCommand)(train.train)
app.command("eval")(evaluate.evaluate)
app.command("generate")(generate.generate)
app.add_typer(env.app, name="env")
app.add_typer(adversary.app, name="adversary")
