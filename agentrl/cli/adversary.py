"""`agentrl adversary`: make adversarial tasks with their proofs, and check such proofs again."""

from collections import Counter
from functools import partial
from typing import Annotated, Any

import typer

from agentrl.cli.console import print_error, progress, stdout, table

app = typer.Typer(help="Make and verify adversarial tasks.", no_args_is_help=True)


@app.command()
def operators() -> None:
    """List the operators: what makes a user harder, and what is right to do about it."""
    from agentrl.simulators.adversary import OPERATORS

    rows = [(one.name, one.category, str(one.level), one.correct_behaviour) for one in OPERATORS.values()]
    stdout().print(table(("operator", "category", "level", "right"), rows))


@app.command()
def show(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="OPERATOR", help="Which; one for each category without.")
    ] = None,
    domain: Annotated[str, typer.Option(help="What the desk trades: shop, travel, or ./file.py:Class.")] = "shop",
    level: Annotated[str, typer.Option(help="tiny, easy or full.")] = "full",
    seed: Annotated[int, typer.Option(min=0, help="Another seed shows other dialogues.")] = 0,
) -> None:
    """Print a whole dialogue of the scripted expert with a user that each operator made harder."""
    from agentrl.envs.service_desk.adversarial import dialogues

    chosen: Any = level
    for one in dialogues(names or [], domain, chosen, seed, prefix="--"):
        typer.echo(
            f"## {one.category}: {one.operator}\n\nRight: {one.right}\n\n```\n" + "\n".join(one.lines) + "\n```\n"
        )


@app.command()
def generate(
    out: Annotated[str, typer.Argument(metavar="FILE", help="Where the tasks go: JSON Lines, one task a line.")],
    count: Annotated[int, typer.Option(min=1, help="How many tasks.")] = 100,
    domain: Annotated[str, typer.Option(help="What the desk trades: shop, travel, both, or ./file.py:Class.")] = "shop",
    level: Annotated[str, typer.Option(help="tiny, easy or full.")] = "full",
    split: Annotated[str, typer.Option(help="train or test.")] = "train",
    names: Annotated[str | None, typer.Option("--operators", help="Use only these, e.g. inject,drip.")] = None,
    depth: Annotated[int, typer.Option(min=1, max=3, help="The most operators for one task.")] = 3,
    refusals: Annotated[
        float, typer.Option(min=0, max=1, help="The largest share of tasks in which it is right to refuse everything.")
    ] = 0.3,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same tasks.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Make tasks for `service_desk`, each proven to be solvable. Play them with env_args.task_file=FILE."""
    from agentrl.envs.service_desk.adversarial import make_tasks
    from agentrl.envs.service_desk.curriculum import adversary_settings

    chosen: dict[str, Any] = {} if names is None else {"operators": names.split(",")}
    settings = adversary_settings({"depth": depth, "refusals": refusals, **chosen}, prefix="--")
    place: dict[str, Any] = {"domain": domain, "level": level, "split": split}
    with progress() as bar:
        shown = bar.add_task("making", total=count, visible=False)
        rest: dict[str, Any] = {"seed": seed, "force": force, "prefix": "--"}
        made = make_tasks(out, count, **place, settings=settings, on_task=partial(_tell, bar, shown), **rest)
    rows = []
    for name in sorted({*made.used, *made.rejected}):
        reasons = made.rejected.get(name, Counter())
        rows.append((name, str(made.used[name]), str(reasons.total()), next(iter(reasons.most_common(1)), ("",))[0]))
    stdout().print(table(("operator", "tasks", "rejected", "mostly because"), rows))
    cells = len({task.cell for task in made.tasks})
    typer.echo(f"\n{len(made.tasks)} tasks in {cells} cells, {made.refusals} of them about refusing: {out}")
    typer.echo(f"check them again: agentrl adversary verify {out}")
    if made.missing:
        print_error(f"{len(made.tasks)} of {count} tasks could be made; {made.missing}")
        raise typer.Exit(1)


def _tell(bar: Any, shown: Any, done: int, total: int) -> None:
    bar.update(shown, completed=done, total=total, visible=True)


@app.command()
def verify(
    path: Annotated[str, typer.Argument(metavar="FILE", help="A file of tasks.")],
) -> None:
    """Play every proof of a file again. Exit code 1 when one does not hold."""
    from agentrl.envs.service_desk.adversarial import verify_tasks

    with progress() as bar:
        shown = bar.add_task("playing", visible=False)
        problems, count = verify_tasks(path, partial(_tell, bar, shown))
    for problem in problems[:20]:
        print_error(problem)
    if problems:
        print_error(f"{len(problems)} of {count} tasks do not hold")
        raise typer.Exit(1)
    typer.echo(f"{count} tasks hold")
