"""`agentrl eval`: how well does a policy play?"""

from typing import Annotated

import typer

from agentrl.cli.console import stdout, table_of
from agentrl.cli.words import (
    EnvThreads,
    MaxContext,
    MaxFailedShare,
    MaxNewTokens,
    Split,
    Template,
    attempts,
    check_policy,
)


def evaluate(
    policy: Annotated[str, typer.Argument(metavar="RUN_OR_MODEL", help="A run, a model, or expert or noop.")],
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="KEY=VALUE", help="Arguments of the environment.", show_default=False),
    ] = None,
    env: Annotated[str | None, typer.Option(help="Environment; without it, the run's own.")] = None,
    episodes: Annotated[int, typer.Option(min=1, help="How many tasks.")] = 256,
    split: Annotated[Split, typer.Option(help="test is held out from training.")] = Split.TEST,
    temperature: Annotated[float, typer.Option(min=0.0, help="Sampling temperature; 0 is greedy.")] = 1.0,
    k: Annotated[str, typer.Option("--k", help="Attempts per task for pass@k and pass^k, e.g. 1,4.")] = "1",
    seed: Annotated[int, typer.Option(min=0, help="Seed of tasks and sampling.")] = 0,
    template: Template = None,
    max_new_tokens: MaxNewTokens = None,
    max_context: MaxContext = None,
    env_threads: EnvThreads = None,
    max_failed_share: MaxFailedShare = None,
    out: Annotated[str | None, typer.Option(help="Write the report to this JSON file as well.")] = None,
) -> None:
    """Evaluate a run, a model, or the environment's expert."""
    from agentrl.config import parse_env_args

    env_args = parse_env_args(words or [])
    check_policy(policy, env)
    ks = attempts(k)
    from agentrl.evaluation.api import run_evaluation

    report = run_evaluation(
        policy,
        env,
        episodes=episodes,
        split=str(split),
        temperature=temperature,
        k=ks,
        seed=seed,
        env_args=env_args,
        template=template,
        max_new_tokens=max_new_tokens,
        max_context=max_context,
        env_threads=env_threads,
        max_failed_share=max_failed_share,
        out=out,
    )
    stdout().print(table_of(report.rows))
