"""What a training step plays: groups on one task, uninformative ones replaced, a bonus for being different."""

from typing import Any

import pytest
from rollout_envs import Echo, Flaky, Info

from agentrl.config import make_config
from agentrl.episode import End, Episode, Trajectory, Turn
from agentrl.errors import TooManyFailuresError
from agentrl.rollout.scripts import expert_seat
from agentrl.training.rollouts import collect_step, is_constant, with_diversity
from agentrl.training.seeds import TEST_OFFSET, held_out_seed
from agentrl.training.stats import rollout_metrics


class Lottery(Echo):
    """Pays at random, but the same to all episodes of most tasks."""

    def __init__(self, played: list[int]) -> None:
        super().__init__(turns=1)
        self.played = played

    def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[str, Info]:
        self.task = seed or 0
        return super().reset(seed=seed, options=options)

    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:
        self.played.append(self.task)
        lucky = self.task % 2 == 0 and self.played.count(self.task) % 2 == 0
        return "", float(lucky), True, False, {}


def config(**settings: Any) -> Any:
    return make_config(num_groups=4, group_size=4, **settings)


def test_a_group_shares_task_and_seed_but_not_its_random_numbers(collector: Any, seats: Any) -> None:
    step = collect_step(collector(Echo), seats(), config(), 0, 1.0, False)
    groups: dict[str, list[Episode]] = {}
    for episode in step.episodes:
        groups.setdefault(episode.group, []).append(episode)
    assert [len(group) for group in groups.values()] == [4] * 4
    for group in groups.values():
        assert len({(episode.seed, episode.task_id) for episode in group}) == 1
        assert len({episode.trajectories[0].turns[0].action for episode in group}) > 1
    assert len({group[0].seed for group in groups.values()}) == 4


def test_steps_have_tasks_of_their_own_and_none_is_held_out(collector: Any) -> None:
    playing = collector(Echo)
    seeds = {
        e.seed for step in range(3) for e in collect_step(playing, expert_seat, config(), step, 1.0, False).episodes
    }
    assert len(seeds) == 12
    assert max(seeds) < TEST_OFFSET <= min(held_out_seed(i) for i in range(100))


def test_groups_without_differences_are_replaced(collector: Any) -> None:
    played: list[int] = []
    step = collect_step(
        collector(Lottery, played=played), expert_seat, config(dynamic_sampling_max_factor=8), 0, 1.0, True
    )
    assert step.replaced == len(set(played)) - 4 > 0
    assert len(step.episodes) == 16
    for start in range(0, 16, 4):
        assert not is_constant(step.episodes[start : start + 4])


def test_replacing_has_a_limit_and_then_keeps_what_there_is(collector: Any) -> None:
    step = collect_step(collector(Echo), expert_seat, config(dynamic_sampling_max_factor=2), 0, 1.0, True)
    assert (step.replaced, len(step.episodes)) == (4, 16)


def test_failed_episodes_do_not_make_a_group_informative() -> None:
    good = Episode("e", "t", 0, "g", (Trajectory("agent", (Turn(reward=1.0),), End.TERMINATED),))
    bad = Episode("e", "t", 0, "g", (Trajectory("agent", (), End.FAILED, "broken"),))
    assert is_constant([good, good, bad])


def test_too_many_failures_stop_the_run(collector: Any) -> None:
    playing = collector(Flaky, {"max_retries": 1}, box=[])
    with pytest.raises(TooManyFailuresError) as raised:
        collect_step(playing, expert_seat, config(), 0, 1.0, False)
    message = str(raised.value)
    assert message.startswith(
        "16 of 16 episodes of this step FAILED in spite of retries, more than max_failed_share=0.25"
    )
    assert "Flaky.step raised RuntimeError: the dog ate it" in message


def test_a_few_failures_do_not(collector: Any) -> None:
    playing = collector(Flaky, {"max_retries": 0}, box=[], times=4)
    step = collect_step(playing, expert_seat, config(), 0, 1.0, False)
    assert sum(episode.failed for episode in step.episodes) == 4


class Unlucky(Echo):
    """All the same in every task of the first four, at random in later ones, and broken in some of the refill."""

    def __init__(self, tasks: list[int], broken: int) -> None:
        super().__init__(turns=1)
        self.tasks, self.broken = tasks, broken

    def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[str, Info]:
        self.tasks.append(seed or 0)
        self.group = list(dict.fromkeys(self.tasks)).index(seed or 0)
        return super().reset(seed=seed, options=options)

    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:
        number = self.tasks.count(self.tasks[-1])
        if self.group == 4 and number <= self.broken:
            raise OSError("no network")
        return "", float(self.group not in (0,) and number % 2), True, False, {}


def refilled(collector: Any, broken: int) -> Any:
    """A step of four groups of four, one of which is replaced by a group with `broken` failures."""
    playing = collector(Unlucky, {"max_retries": 0, "concurrency": 1, "threads": 1}, tasks=[], broken=broken)
    return collect_step(playing, expert_seat, config(), 0, 1.0, True)


def test_failures_are_a_share_of_the_whole_step_and_not_of_a_refill(collector: Any) -> None:
    step = refilled(collector, broken=2)
    assert step.replaced == 1
    assert len(step.failures) == sum(episode.failed for episode in step.episodes) == 2
    assert "OSError: no network" in step.failures[0]


def test_failures_of_a_replaced_group_count_too(collector: Any) -> None:
    step = refilled(collector, broken=4)
    assert step.replaced == 2
    assert len(step.failures) == 4
    assert not any(episode.failed for episode in step.episodes)
    assert rollout_metrics(step, 4)["episode/failed_share"] == 4 / 24


def said(*actions: tuple[int, ...], group: str = "g") -> list[Episode]:
    return [
        Episode("e", "t", 0, group, (Trajectory("agent", (Turn(), Turn(action=ids, reward=1.0)), End.TERMINATED),))
        for ids in actions
    ]


def bonuses(episodes: list[Episode], coef: float = 1.0) -> list[float]:
    return [e.trajectories[0].rewards.get("diversity", 0.0) for e in with_diversity(episodes, coef)]


def test_the_diversity_bonus_is_the_distance_from_the_rest_of_the_group() -> None:
    episodes = said((1, 2, 3), (1, 2, 3), (4, 5, 6))
    assert bonuses(episodes) == [0.5, 0.5, 1.0]
    assert bonuses(episodes, 0.2) == pytest.approx([0.1, 0.1, 0.2])


def test_the_diversity_bonus_is_part_of_the_last_reward() -> None:
    first, *_ = with_diversity(said((1, 2), (3, 4)), 0.5)
    assert [turn.reward for turn in first.trajectories[0].turns] == [0.0, 1.5]


def test_other_groups_do_not_count_for_diversity() -> None:
    assert bonuses([*said((1, 2), (1, 2)), *said((3, 4), group="h")]) == [0.0, 0.0, 0.0]


def test_without_the_bonus_nothing_changes() -> None:
    episodes = said((1, 2), (3, 4))
    assert with_diversity(episodes, 0.0) is episodes
