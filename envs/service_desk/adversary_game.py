"""The learning adversary: a game of two seats, in which the adversary makes a user hard and the agent serves them."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from gymnasium.spaces import Dict, Space
from pettingzoo import AECEnv

from agentrl.envs.base import AnyText, split_of
from agentrl.envs.service_desk.curriculum import adversary_settings
from agentrl.envs.service_desk.domains.base import Level
from agentrl.envs.service_desk.domains.registry import get_domain, trades_of
from agentrl.envs.service_desk.env import ServiceDeskEnv
from agentrl.envs.service_desk.playback import play
from agentrl.envs.service_desk.tasks import sample_task
from agentrl.simulators.adversary import MAX_DEPTH, OPERATORS, SEEDS, Rejection, applicable, apply, prove
from agentrl.simulators.models import UserTask
from agentrl.simulators.users import seeded

NONE: Final = "none"
ADVERSARY, AGENT = "adversary", "agent"


class ServiceDeskAdversaryAEC(AECEnv):  # type: ignore[misc]  # PettingZoo is not typed
    """The learning adversary: one seat makes a user of `service_desk` hard, the other one serves them.

    The seat "adversary" picks up to `picks` operators, one a turn, by name or "none"; then the seat "agent" serves the
    user of the task that comes of it, as in `ServiceDeskEnv`.

    Only operators with which the scripted expert still succeeds may be picked: the observation lists them, and
    `infos["adversary"]["action_mask"]` is 1 for them in the order of `choices`. Anything else counts as "none". The
    agent's reward is the desk's, and the adversary's is the regret: 1, which is what the expert reaches, minus the
    agent's success. `reset(options={"failures": {operator: share}})` shows the adversary where the agent is weak.
    """

    metadata: ClassVar[dict[str, Any]] = {
        "name": "service_desk_adversary_v0",
        "render_modes": [],
        "reward_range": (0.0, 1.0),
    }

    def __init__(
        self,
        *,
        domain: str = "shop",
        level: Level = "tiny",
        picks: int = 2,
        operators: tuple[str, ...] = tuple(OPERATORS),
    ) -> None:
        """Arguments: what is traded; how hard plain tasks are; how many operators; and which there are to pick from.

        Raises ValueError when `picks` is not from 1 to 3, ConfigError for an unknown domain, level or operator.
        """
        super().__init__()
        if not 1 <= picks <= MAX_DEPTH:
            raise ValueError(f"picks is {picks}; it must be from 1 to {MAX_DEPTH}")
        trades_of(domain, level, one=True)
        operators = adversary_settings({"operators": operators}, prefix="env_args.").operators
        self.domain, self.level, self.picks, self.operators = domain, level, picks, operators
        self.choices = (*operators, NONE)
        self.possible_agents = [ADVERSARY, AGENT]
        self._desk = ServiceDeskEnv(domain=domain, level=level)
        self.system_prompts = {
            ADVERSARY: "Make the user as hard to serve as you can. Answer with the name of one operator.",
            AGENT: self._desk.system_prompt,
        }
        space = Dict({"text": AnyText()})
        self.observation_spaces: dict[str, Space[Any]] = dict.fromkeys(self.possible_agents, space)
        self.action_spaces: dict[str, Space[Any]] = {name: AnyText() for name in self.possible_agents}

    def observation_space(self, agent: str) -> Space[Any]:
        """A dictionary with the text."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Space[Any]:
        """Any text."""
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """A new plain task, and the adversary's turn."""
        if seed is not None:
            self._seed = seed
        else:
            self._seed = getattr(self, "_seed", -1) + 1
        self._rng = seeded("adversary game", self._seed)
        self._failures: Mapping[str, float] = (options or {}).get("failures", {})
        self.task = sample_task(self.domain, self.level, self._rng.getrandbits(48), split_of(options))
        self.agents = self.possible_agents[:]
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        self.infos: dict[str, dict[str, Any]] = {name: {"task_id": self.task.id} for name in self.agents}
        self._left = self.picks
        self._text = ""
        self.agent_selection = ADVERSARY
        self._offer()

    def observe(self, agent: str) -> dict[str, str]:
        """What the seat sees: the operators, or the dialogue's last lines."""
        return {"text": self._menu() if agent == ADVERSARY else self._text}

    def step(self, action: str | None) -> None:
        """A pick, or the agent's answer. Raises ValueError for an action, other than None, of a seat that is done."""
        agent = self.agent_selection
        if self.terminations[agent] or self.truncations[agent]:
            self._was_dead_step(action)
            return
        action = action or ""
        self._cumulative_rewards[agent] = 0.0
        self._clear_rewards()
        if agent == ADVERSARY:
            self._pick(action)
        else:
            self._serve(action)
        self._accumulate_rewards()

    def render(self) -> None:
        """Nothing to draw."""

    def close(self) -> None:
        """Closes the desk."""
        self._desk.close()

    def expert(self, agent: str) -> str:
        """The desk's expert in the agent's seat. In the adversary's, an allowed operator that failed most often."""
        if agent == AGENT:
            return self._desk.expert()
        most = max((self._failures.get(name, 0.0) for name in self._allowed), default=0.0)
        worst = [name for name in self._allowed if self._failures.get(name, 0.0) == most]
        return self._rng.choice(worst) if worst else NONE

    def _offer(self) -> None:
        """Finds the operators that leave the task solvable."""
        self._allowed: dict[str, UserTask] = {}
        world = get_domain(self.task.domain)
        for name in applicable(self.task, self.operators):
            harder = apply(self.task, [name], seeded("pick", self._seed, self._left, name), world)
            proof = None if harder is None else prove(harder, world, play)
            if harder is not None and proof is not None and not isinstance(proof, Rejection):
                self._allowed[name] = harder.model_copy(update={"proof": proof})
        mask = [int(name in self._allowed or name == NONE) for name in self.choices]
        self.infos[ADVERSARY] = {**self.infos[ADVERSARY], "action_mask": mask}

    def _menu(self) -> str:
        names = [f"{name} {self._failures[name]:.2f}" if name in self._failures else name for name in self._allowed]
        used = ", ".join(op.name for op in self.task.ops) or NONE
        return f"wish: {self.task.goal.subgoals[0].kind}\nused: {used}\nchoices: {', '.join([*names, NONE])}"

    def _pick(self, action: str) -> None:
        name = action.strip()
        self._left -= 1
        self.task = self._allowed.get(name, self.task)
        if self._left and name in self._allowed:
            self._offer()
            return
        options = {"task": self.task, "user_seed": self._rng.choice(SEEDS)}
        self._text, info = self._desk.reset(seed=self._seed, options=options)
        self.infos[AGENT] = {**info, "operators": ", ".join(op.name for op in self.task.ops)}
        self.agent_selection = AGENT

    def _serve(self, action: str) -> None:
        self._text, reward, terminated, truncated, info = self._desk.step(action)
        self.infos[AGENT] = info
        self.rewards[AGENT] = reward
        if terminated or truncated:
            self.rewards[ADVERSARY] = 1.0 - float(info["success"])
            ends = self.terminations if terminated else self.truncations
            ends.update(dict.fromkeys(self.agents, True))
            self.agent_selection = self.agents[0]
