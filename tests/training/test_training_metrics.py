"""The numbers of a step: what docs/metrics.md explains is what a run writes."""

import re
from pathlib import Path

import pytest
from tiny_settings import TINY

import agentrl
from agentrl.engines.embedded import EmbeddedEngine

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, float]]:
    """The metrics of a run in which everything that is measured happens."""
    folder = tmp_path_factory.mktemp("metrics")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTRL_CACHE", str(folder / "cache"))
        patch.setattr(EmbeddedEngine, "exact", False)  # as an engine of another precision says
        return agentrl.train(
            env="guess_number",
            algo="ppo",
            tiny=TINY,
            cold_start_episodes=8,
            cold_start_epochs=1,
            num_groups=2,
            group_size=4,
            ppo_epochs=3,
            learning_rate=3e-3,
            init_kl_coef=0.05,
            kl_in="reward",
            max_steps=3,
            eval_steps=1,
            eval_episodes=4,
            max_new_tokens=8,
            max_context=256,
            output_dir=str(folder),
        ).metrics


def test_every_documented_metric_is_written_and_every_written_one_documented(rows: list[dict[str, float]]) -> None:
    documented = set(re.findall(r"`([a-z]+/\w+)`", PAGE.read_text("utf-8")))
    written = {name for row in rows for name in row if "/" in name}
    parts = {name for name in written if name.startswith("reward/")} - documented
    assert len(documented) > 25
    assert written - parts == documented


def test_the_kl_of_an_update_is_that_of_its_later_mini_batches(rows: list[dict[str, float]]) -> None:
    assert all(0 < row["kl/update"] < 10 for row in rows)


def test_the_embedded_engine_agrees_with_the_learner(rows: list[dict[str, float]]) -> None:
    assert all(row["policy/mismatch"] < 1e-4 for row in rows)
