"""Several episodes of a task, and a series that is begun in its middle."""

from agentrl.episode import Episode
from agentrl.evaluation.api import generate_episodes


def played(**asked: int) -> list[Episode]:
    return list(generate_episodes("expert", "agentrl.envs.guess_number:GuessNumberEnv", **asked))  # type: ignore[arg-type]


def test_samples_of_a_task_come_one_after_the_other() -> None:
    episodes = played(episodes=30, samples=4)
    assert len(episodes) == 120
    groups = [tuple({episode.seed for episode in episodes[i : i + 4]}) for i in range(0, 120, 4)]
    assert all(len(group) == 1 for group in groups)
    assert len(set(groups)) == 30


def test_a_series_goes_on_where_it_was_left() -> None:
    whole = played(episodes=100)
    assert played(episodes=100, first=37) == whole[37:]
    assert played(episodes=37) == whole[:37]
