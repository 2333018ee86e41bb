"""`agentrl adversary`: make adversarial tasks with their proofs, and check such proofs again."""

from typing import Annotated

import typer

from agentrl.cli.console import print_error, stdout, table

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
    domain: Annotated[str, typer.Option(help="What the desk trades: shop or travel.")] = "shop",
    level: Annotated[str, typer.Option(help="tiny, easy or full.")] = "full",
    seed: Annotated[int, typer.Option(min=0, help="Another seed shows other dialogues.")] = 0,
) -> None:
    """Print a whole dialogue of the scripted expert with a user that each operator made harder."""
    from agentrl.cli.adversary_tasks import dialogues

    for one in dialogues(names or [], domain, level, seed):
        typer.echo(
            f"## {one.category}: {one.operator}\n\nRight: {one.right}\n\n```\n" + "\n".join(one.lines) + "\n```\n"
        )


@app.command()
def generate(
    out: Annotated[str, typer.Argument(metavar="FILE", help="Where the tasks go: JSON Lines, one task a line.")],
    count: Annotated[int, typer.Option(min=1, help="How many tasks.")] = 100,
    domain: Annotated[str, typer.Option(help="What the desk trades: shop, travel or both.")] = "shop",
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
    from agentrl.cli.adversary_tasks import make_tasks

    operators = None if names is None else names.split(",")
    made = make_tasks(out, count, domain, level, split, operators, depth, refusals, seed, force=force)
    stdout().print(table(("operator", "tasks", "rejected", "mostly because"), made.rows))
    typer.echo(f"\n{made.tasks} tasks in {len(made.cells)} cells, {made.refusals} of them about refusing: {out}")
    typer.echo(f"check them again: agentrl adversary verify {out}")


@app.command()
def verify(
    path: Annotated[str, typer.Argument(metavar="FILE", help="A file of tasks.")],
) -> None:
    """Play every proof of a file again. Exit code 1 when one does not hold."""
    from agentrl.cli.adversary_tasks import verify_tasks

    problems, count = verify_tasks(path)
    for problem in problems[:20]:
        print_error(problem)
    if problems:
        print_error(f"{len(problems)} of {count} tasks do not hold")
        raise typer.Exit(1)
    typer.echo(f"{count} tasks hold")
