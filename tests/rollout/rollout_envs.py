"""Small text environments for the tests of the rollout loop."""

import time
from typing import Any

from gymnasium.spaces import Dict
from pettingzoo import AECEnv, ParallelEnv

from agentrl.envs import AnyText, TextEnv

Info = dict[str, Any]
TEXT = Dict({"text": AnyText()})


class Echo(TextEnv):
    """Say the word that is shown; `turns` turns, each worth 1; it truncates itself if asked."""

    system_prompt = "Echo."

    def __init__(self, turns: int = 2, truncates: bool = False, words: int = 1) -> None:
        super().__init__()
        self.turns, self.truncates, self.words = turns, truncates, words

    def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[str, Info]:
        super().reset(seed=seed)
        self.turn, self.options = 0, options
        self.word = " ".join("abcd"[i] for i in self.np_random.integers(0, 4, size=self.words))
        return self.word, {"task_id": self.word, "category": "echo"}

    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:
        self.turn += 1
        right, over = float(action == self.word), self.turn == self.turns
        info = {"rewards": {"right": right}, "success": action == self.word}
        return f"{self.word} {self.turn}", right, over and not self.truncates, over and self.truncates, info

    def expert(self) -> str:
        return self.word


class Flaky(Echo):
    """Raises in `where`, as often as `times` says, counted over all environments of one `box`."""

    def __init__(self, box: list[str], where: str = "step", times: int = 1 << 30, error: Any = RuntimeError) -> None:
        super().__init__()
        self.box, self.where, self.times, self.error = box, where, times, error
        box.append("made")

    def _perhaps(self, where: str) -> None:
        if where == self.where and self.box.count("raised") < self.times:
            self.box.append("raised")
            raise self.error("the dog ate it")

    def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[str, Info]:
        self._perhaps("reset")
        return super().reset(seed=seed, options=options)

    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:
        self._perhaps("step")
        return super().step(action)

    def close(self) -> None:
        self.box.append("closed")


class Wrong(Echo):
    """Returns from `step` whatever it is given."""

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result

    def step(self, action: str) -> Any:
        return self.result


class Slow(Echo):
    """Sleeps in `step` where its task is `slow_task`, and notes when each episode ends."""

    def __init__(self, ended: list[int], slow_task: int, seconds: float) -> None:
        super().__init__()
        self.ended, self.slow_task, self.seconds = ended, slow_task, seconds

    def reset(self, *, seed: int | None = None, options: Info | None = None) -> tuple[str, Info]:
        self.task = seed
        return super().reset(seed=seed, options=options)

    def step(self, action: str) -> tuple[str, float, bool, bool, Info]:
        if self.task == self.slow_task and self.turn == 0:
            time.sleep(self.seconds)
        result = super().step(action)
        if result[2]:
            self.ended.append(self.task)
        return result


class Auction(ParallelEnv[str, Any, Any]):
    """Two bidders, two rounds. Longer text wins a point; "left" loses whatever happens, and leaves after round one."""

    metadata = {"name": "auction"}  # noqa: RUF012
    system_prompts = {"left": "You are left.", "right": "You are right."}  # noqa: RUF012

    def __init__(self) -> None:
        self.possible_agents = ["left", "right"]
        self.render_mode = None

    def observation_space(self, agent: str) -> Any:
        return TEXT

    def action_space(self, agent: str) -> Any:
        return SPACES[agent]

    def reset(self, seed: int | None = None, options: Info | None = None) -> tuple[dict[str, Any], dict[str, Info]]:
        self.agents, self.round = list(self.possible_agents), 0
        return self._all("bid"), {agent: {"task_id": f"lot {seed}"} for agent in self.agents}

    def step(self, actions: dict[str, Any]) -> Any:
        self.round += 1
        now = list(self.agents)
        rewards = {"left": -1.0, "right": 10.0 * self.round}
        ends = {"left": True, "right": self.round == 2}
        observations = {agent: {"text": f"{agent} heard {sorted(actions)}"} for agent in now}
        infos = {agent: {"rewards": {"points": rewards[agent]}, "success": agent == "right"} for agent in now}
        self.agents = [agent for agent in now if not ends[agent]]
        return (
            observations,
            {agent: rewards[agent] for agent in now},
            {agent: ends[agent] for agent in now},
            dict.fromkeys(now, False),
            infos,
        )

    def state(self) -> Any:
        import numpy as np

        return np.array([self.round], dtype=np.float32)

    def expert(self, agent: str) -> str:
        return f"{agent} bids"

    def _all(self, text: str) -> dict[str, Any]:
        return {agent: {"text": text} for agent in self.agents}


SPACES = {"left": AnyText(), "right": AnyText()}


class Tag(AECEnv[str, Any, Any]):
    """Two players in turn, two turns each. Every turn pays 1 to who acts and 5 to the other; then all is over."""

    metadata = {"name": "tag"}  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.possible_agents = ["a", "b"]
        self.render_mode = None
        self._spaces = {agent: Dict({"text": AnyText()}) for agent in self.possible_agents}
        self._seen = {agent: Dict({"text": AnyText()}) for agent in self.possible_agents}

    def observation_space(self, agent: str) -> Any:
        return self._seen[agent]

    def action_space(self, agent: str) -> Any:
        return self._spaces[agent]

    def reset(self, seed: int | None = None, options: Info | None = None) -> None:
        self.agents = list(self.possible_agents)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos = {agent: {"category": "tag"} for agent in self.agents}
        self.moves: list[str] = []
        self.agent_selection = "a"

    def observe(self, agent: str) -> Any:
        return {"text": f"{agent}: {len(self.moves)} moves"}

    def step(self, action: Any) -> None:
        agent = self.agent_selection
        if self.terminations[agent]:
            self._was_dead_step(action)
            return
        other = "b" if agent == "a" else "a"
        self._cumulative_rewards[agent] = 0.0
        self.moves.append(action["text"])
        self.rewards = {agent: 1.0, other: 5.0}
        if len(self.moves) == 4:
            self.terminations = dict.fromkeys(self.agents, True)
        self._accumulate_rewards()
        self.agent_selection = other

    def expert(self, agent: str) -> str:
        return f"{agent}{len(self.moves)}"
