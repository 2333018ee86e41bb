"""`env check` passes what is sound, and finds each thing that would spoil a training run."""

import itertools
import time
from collections.abc import Callable
from typing import Any

import pettingzoo
import pytest
from gymnasium.spaces import Dict
from pettingzoo.utils import AgentSelector

from agentrl.envs import AnyText, TextEnv, check_play
from agentrl.envs.check import CheckResult, check_environment
from agentrl.envs.registry import resolve
from agentrl.errors import ConfigError

Info = dict[str, Any]


class Sound(TextEnv):
    """Say the word that is shown, in at most two tries."""

    metadata = {"render_modes": [], "reward_range": (0.0, 1.0)}  # noqa: RUF012

    def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[str, Info]:
        super().reset(seed=seed)
        self.word, self.tries = str(self.np_random.integers(1000)), 0
        return self.word, {"task_id": self.word}

    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:
        self.tries += 1
        success = action == self.word
        over = success or self.tries == 2
        return self.judge(action), self.reward(success), over, False, self.info(success, over)

    def judge(self, action: str) -> str:
        return "on"

    def reward(self, success: bool) -> float:
        return float(success)

    def info(self, success: bool, over: bool) -> Info:
        return {"rewards": {"right": self.reward(success)}, **({"success": success} if over else {})}

    def expert(self) -> str:
        return self.word


def results(env: Callable[..., Any], **env_args: Any) -> dict[str, CheckResult]:
    return {one.name: one for one in check_environment(resolve(env), env_args)}


def assert_only(found: dict[str, CheckResult], status: str, *names: str) -> None:
    """The named checks have the status, and no others have it."""
    assert {name for name, one in found.items() if one.status == status} == set(names), found


def test_a_sound_environment_passes_everything() -> None:
    found = results(Sound)
    assert_only(found, "pass", *found)
    assert "success 100%" in found["expert"].detail
    assert "success 0%" in found["no-op agent"].detail


def test_the_built_in_game_passes_everything() -> None:
    found = {one.name: one for one in check_environment(resolve("guess_number"))}
    assert_only(found, "pass", *found)


def test_a_counter_that_survives_the_reset_is_no_determinism() -> None:
    class Counting(Sound):
        count = itertools.count()

        def judge(self, action: str) -> str:
            return f"call {next(self.count)}"

    found = results(Counting)
    assert found["same seed, same episode"].status == "fail"
    assert "move" in found["same seed, same episode"].detail


def test_state_left_over_from_the_episode_before_is_found() -> None:
    class Leaking(Sound):
        def __init__(self) -> None:
            super().__init__()
            self.best = ""

        def judge(self, action: str) -> str:
            self.best = max(self.best, action)
            return self.best

    found = results(Leaking)["same seed, same episode"]
    assert found.status == "fail"
    assert "played again" in found.detail


def test_a_clock_in_the_info_is_only_pointed_out() -> None:
    class Timed(Sound):
        def info(self, success: bool, over: bool) -> Info:
            return {**super().info(success, over), "clock": time.perf_counter()}

    found = results(Timed)["same seed, same episode"]
    assert found.status == "warn"
    assert found.detail.endswith("differs in clock")


def test_an_environment_with_a_single_episode_is_pointed_out() -> None:
    class Single(Sound):
        def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[str, Info]:
            super().reset(seed=seed)
            self.word = "7"
            return "7", {"task_id": "7"}

    assert_only(results(Single), "warn", "other seed, other episode")


def test_a_reward_out_of_the_declared_range_fails() -> None:
    class Rich(Sound):
        def reward(self, success: bool) -> float:
            return 2.0 * success

    found = results(Rich)
    assert_only(found, "fail", "reward")
    assert "outside the declared 0 to 1" in found["reward"].detail


def test_a_reward_that_is_no_number_fails() -> None:
    class Nan(Sound):
        def reward(self, success: bool) -> float:
            return float("nan")

    assert "the reward is nan" in results(Nan)["reward"].detail


def test_parts_that_do_not_add_up_to_the_reward_fail() -> None:
    class Wrong(Sound):
        def info(self, success: bool, over: bool) -> Info:
            return {**super().info(success, over), "rewards": {"right": 0.25}}

    found = results(Wrong)
    assert_only(found, "fail", "reward")
    assert "adds up to 0.25" in found["reward"].detail


def test_a_crash_on_an_empty_action_fails_where_it_belongs() -> None:
    class Crashing(Sound):
        def judge(self, action: str) -> str:
            return action[0]

    found = results(Crashing)
    assert found["empty action"].status == "fail"
    assert "IndexError" in found["empty action"].detail
    assert "test_envs_check.py:" in found["empty action"].detail
    assert found["expert"].status == "pass"


def test_an_echo_of_a_lone_surrogate_fails() -> None:
    class Echo(Sound):
        def judge(self, action: str) -> str:
            return action[:100]

    found = results(Echo)
    assert_only(found, "fail", "odd actions")
    assert r"\ud800" in found["odd actions"].detail


def test_an_echo_of_everything_is_pointed_out() -> None:
    class Echo(Sound):
        def judge(self, action: str) -> str:
            return action.encode("utf-8", "replace").decode()[:60_000]

    assert_only(results(Echo), "warn", "huge action (1 MB)")


def test_an_episode_without_end_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class Endless(Sound):
        def step(self, action: str) -> tuple[str, float, bool, bool, Info]:
            return "on", 0.0, False, False, {}

    monkeypatch.setattr(check_play, "MAX_STEPS", 20)
    found = results(Endless)
    assert found["episodes end"].status == "fail"
    assert "not ended after 20 steps" in found["episodes end"].detail


def test_an_expert_that_fails_is_pointed_out() -> None:
    class Clumsy(Sound):
        def expert(self) -> str:
            return "x"

    assert results(Clumsy)["expert"].status == "warn"


def test_an_expert_that_raises_fails_alone() -> None:
    class Broken(Sound):
        def expert(self) -> str:
            raise RuntimeError("no idea")

    found = results(Broken)
    assert found["expert"].status == "fail"
    assert "no idea" in found["expert"].detail
    assert found["reward"].status == found["no-op agent"].status == "pass"


def test_no_expert_is_pointed_out() -> None:
    class Alone(Sound):
        expert = None  # type: ignore[assignment]

    assert "no cold start" in results(Alone)["expert"].detail


def test_a_reward_for_saying_nothing_is_pointed_out() -> None:
    class Generous(Sound):
        def reward(self, success: bool) -> float:
            return 0.5 * success + 0.2

    assert_only(results(Generous), "warn", "no-op agent")


def test_missing_infos_are_pointed_out() -> None:
    class Silent(Sound):
        def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[str, Info]:
            return super().reset(seed=seed)[0], {}

        def info(self, success: bool, over: bool) -> Info:
            return {}

    found = results(Silent)
    assert_only(found, "warn", "info")
    assert "task_id at the reset and success at the end" in found["info"].detail


def test_an_info_that_json_cannot_hold_fails() -> None:
    class Odd(Sound):
        def info(self, success: bool, over: bool) -> Info:
            return {**super().info(success, over), "what": {1, 2}}

    assert "info['what'] cannot be written as JSON" in results(Odd)["info"].detail


def test_gymnasiums_own_findings_are_shown() -> None:
    class Unseeded(Sound):
        def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[str, Info]:
            self.word, self.tries = "a", 0
            return "a", {"task_id": "a"}

    found = results(Unseeded)["Gymnasium check_env"]
    assert found.status == "fail"
    assert "super().reset(seed=seed)" in found.detail


def test_a_slow_step_is_pointed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count(step=2.0)
    monkeypatch.setattr(check_play.time, "monotonic", lambda: 0.0)
    monkeypatch.setattr("agentrl.envs.play.time.perf_counter", lambda: next(ticks))
    assert_only(results(Sound), "warn", "step time")


def test_arguments_reach_the_environment() -> None:
    def make(word: str) -> Sound:
        class Fixed(Sound):
            def expert(self) -> str:
                return word or self.word

        return Fixed()

    assert_only(results(_annotated(make), word="none"), "warn", "expert")
    with pytest.raises(ConfigError, match="needs this argument"):
        results(_annotated(make))


def _annotated(function: Callable[..., Any]) -> Callable[..., Any]:
    function.__annotations__["return"] = Sound
    return function


def test_an_environment_of_numbers_gets_the_general_checks() -> None:
    found = {one.name: one for one in check_environment(resolve("gymnasium:FrozenLake-v1"))}
    assert_only(found, "pass", *found)
    assert "expert" not in found
    assert "odd actions" not in found


class Duet(pettingzoo.ParallelEnv[str, Any, Any]):
    """Both seats say the other one's number."""

    metadata = {"name": "duet", "render_modes": [], "reward_range": (0.0, 1.0)}  # noqa: RUF012
    render_mode = None

    def __init__(self) -> None:
        self.possible_agents = ["a", "b"]
        self.observation_spaces = {seat: Dict({"text": AnyText()}) for seat in self.possible_agents}
        self.action_spaces = {seat: AnyText() for seat in self.possible_agents}

    def observation_space(self, agent: str) -> Any:
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Any:
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: Any = None) -> Any:
        import numpy as np

        self.agents, self.turn = list(self.possible_agents), 0
        self.secret = [str(number) for number in np.random.default_rng(seed).integers(10_000, size=2)]
        return self.look(), {seat: {"task_id": self.secret[0]} for seat in self.agents}

    def look(self) -> Any:
        return {seat: {"text": f"{self.turn} {self.secret[1 - i]}"} for i, seat in enumerate(self.agents)}

    def step(self, actions: Any) -> Any:
        self.turn += 1
        over = self.turn == 2
        right = {seat: float(over and actions[seat] == self.expert(seat)) for seat in self.agents}
        infos = {seat: {"success": bool(right[seat])} if over else {} for seat in self.agents}
        out = self.look(), right, dict.fromkeys(self.agents, over), dict.fromkeys(self.agents, False), infos
        if over:
            self.agents = []
        return out

    def expert(self, agent: str) -> str:
        return self.secret[1 - self.possible_agents.index(agent)]


class Rounds(pettingzoo.AECEnv[str, Any, Any]):
    """Each of two seats in turn says the number that it sees."""

    metadata = {"name": "rounds", "render_modes": [], "is_parallelizable": False}  # noqa: RUF012
    render_mode = None
    offset = 0

    def __init__(self) -> None:
        super().__init__()
        self.possible_agents = ["player_0", "player_1"]
        self.observation_spaces = {seat: Dict({"text": AnyText()}) for seat in self.possible_agents}
        self.action_spaces = {seat: AnyText() for seat in self.possible_agents}

    def observation_space(self, agent: str) -> Any:
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Any:
        return self.action_spaces[agent]

    def observe(self, agent: str) -> Any:
        return {"text": f"{self.secret} {self.turn + self.offset}"}

    def reset(self, seed: int | None = None, options: Any = None) -> None:
        import numpy as np

        self.agents, self.turn = list(self.possible_agents), 0
        self.secret = str(np.random.default_rng(seed).integers(10_000))
        self.rewards = self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict(self.rewards)
        self.terminations, self.truncations = dict.fromkeys(self.agents, False), dict.fromkeys(self.agents, False)
        self.infos = {seat: {"task_id": self.secret} for seat in self.agents}
        self.order = AgentSelector(self.agents)
        self.agent_selection = self.order.next()

    def step(self, action: Any) -> None:
        if self.terminations[self.agent_selection] or self.truncations[self.agent_selection]:
            self._was_dead_step(action)
            return
        seat = self.agent_selection
        self._cumulative_rewards[seat] = 0.0
        self.turn += 1
        right = action == self.secret
        self.rewards = {**dict.fromkeys(self.agents, 0.0), seat: float(right)}
        self.infos[seat] = {"success": right}
        if self.turn == 4:
            self.terminations = dict.fromkeys(self.agents, True)
        self.agent_selection = self.order.next()
        self._accumulate_rewards()

    def expert(self, agent: str) -> str:
        return self.secret


def test_a_parallel_environment_of_text_passes_everything() -> None:
    found = results(Duet)
    assert_only(found, "pass", *found)
    assert "score 1, success 100%" in found["expert"].detail
    assert "PettingZoo parallel_seed_test" in found


def test_a_turn_based_environment_of_text_passes_everything() -> None:
    found = results(Rounds)
    assert_only(found, "pass", *found)
    assert "score 2, success 100%" in found["expert"].detail
    assert "PettingZoo api_test" in found


def test_pettingzoos_own_findings_are_shown() -> None:
    class Fading(Rounds):
        made = itertools.count()

        def __init__(self) -> None:
            super().__init__()
            self.offset = next(self.made)

    found = results(Fading)
    assert found["PettingZoo seed_test"].status == "fail"
    assert found["PettingZoo seed_test"].detail.startswith("Incorrect observation")
    assert found["same seed, same episode"].status == "fail"
