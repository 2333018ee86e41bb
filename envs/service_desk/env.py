"""`service_desk`: an agent with tools serves a simulated user by a written policy."""

import random
from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from agentrl.envs.base import Curriculum, TextEnv, split_of
from agentrl.envs.service_desk.curriculum import AdversarialTasks, AdversaryCurriculum, adversary_settings
from agentrl.envs.service_desk.domain import Level
from agentrl.envs.service_desk.domains import domain_name, get_domain
from agentrl.envs.service_desk.expert import Expert
from agentrl.envs.service_desk.expert_words import words_for
from agentrl.envs.service_desk.prompts import system_prompt
from agentrl.envs.service_desk.rewards import RewardWeights, reward_parts
from agentrl.envs.service_desk.session import Session
from agentrl.envs.service_desk.tasks import GeneratedTasks, GivenTasks, TaskSource, labels, read_tasks
from agentrl.envs.service_desk.users import UserKind, hear, users_of
from agentrl.errors import ConfigError
from agentrl.simulators.models import UserTask
from agentrl.simulators.personas import load_personas
from agentrl.simulators.users import User

TRADES = ("shop", "travel")


class ServiceDeskEnv(TextEnv):
    """Serve a customer: verify, ask, look things up, get consent, act, and tell; the database decides.

    An answer is a message to the user, or `<tool_call>{"name": ..., "arguments": {...}}</tool_call>`, several if need
    be. The observation is what the user says ("user: ...") or what the tools gave ("tool: {...}", "error: ...").

    `reset` takes `options={"split": "train" | "test"}`, and `options={"task": UserTask, "user_seed": int}` to play a
    given one; `"number"` is the episode's place in a given list of tasks, `seed` if left out. `step` raises
    InfrastructureError when a user that is a language model can't be reached.
    """

    metadata: dict[str, Any] = {**TextEnv.metadata, "reward_range": (0.0, 1.0)}  # noqa: RUF012 (as gymnasium declares it)
    tiny_cold_start_args: ClassVar[Mapping[str, Any]] = {"expert_mistake_rate": 0.45, "imitate_mistakes": True}
    """The tiny policy imitates a careless expert, which leaves RL something to put right."""
    cold_start_args: ClassVar[Mapping[str, Any]] = {"user": "agenda"}
    """The expert's thousands of demonstrations cost no language model anything."""
    table: ClassVar[str] = "agentrl.envs.service_desk:ServiceDeskAEC"

    def __init__(
        self,
        *,
        domain: Literal["shop", "travel", "both"] = "shop",
        level: Level = "tiny",
        user: UserKind = "agenda",
        user_model: str | None = None,
        user_base_url: str | None = None,
        user_args: Mapping[str, Any] | None = None,
        task_file: str | PathLike[str] | None = None,
        tasks: TaskSource | Sequence[UserTask] | None = None,
        personas: str | PathLike[str] | None = None,
        adversary: Mapping[str, Any] | None = None,
        max_turns: int | None = None,
        reward_weights: Mapping[str, float] | None = None,
        expert_mistake_rate: float = 0.0,
        imitate_mistakes: bool = False,
    ) -> None:
        """Arguments:

        domain: what is traded.
        level: "tiny" is for the tiny policy: short dialogues in few words; "easy" has one wish and plain users; "full"
            has up to three wishes and all sorts of users, in English and Chinese.
        user: "agenda" needs no language model; "hybrid" words the agenda by one, and "llm" leaves all to it:
            `user_model` at the OpenAI-compatible `user_base_url`. "policy" is played by a run or a model: `user_model`.
        user_args: settings of such users, e.g. {"max_tokens": 1024}: those of `agentrl.simulators.Endpoint` (its key is
            taken from OPENAI_API_KEY), or of `agentrl.rollout.speaking.policy_users`.
        task_file, tasks: play these tasks instead (JSONL of `UserTask`, a list, or a source of your own); at most one.
        personas: a file of personas, from which those of generated tasks are drawn.
        adversary: makes some users adversarial, e.g. {"share": 0.3}; in training by what the policy is learning. See
            `agentrl.simulators.adversary.Settings`.
        max_turns: answers per episode; the task's own number if None.
        reward_weights: replaces some of `RewardWeights`: "state", "told", "safe", "turns".
        expert_mistake_rate: how often the expert is careless where it can be, in [0, 1].
        imitate_mistakes: episodes that failed by the expert's carelessness count as successes, so that a cold start
            learns it.

        Raises ConfigError for a value out of range, TaskFileError for a task file with broken lines.
        """
        super().__init__()
        if level not in get_args(Level):
            raise ConfigError(f"env_args.level is {level!r}; it must be 'tiny', 'easy' or 'full'")
        if domain not in (*TRADES, "both"):
            raise ConfigError(f"env_args.domain is {domain!r}; it must be one of {', '.join(TRADES)}, both")
        if not 0 <= expert_mistake_rate <= 1:
            raise ConfigError(f"env_args.expert_mistake_rate is {expert_mistake_rate!r}; it must be from 0 to 1")
        if max_turns is not None and max_turns < 1:
            raise ConfigError(f"env_args.max_turns is {max_turns!r}; it must be at least 1")
        if task_file is not None and tasks is not None:
            raise ConfigError("env_args: give task_file or tasks, not both")
        trades = TRADES if domain == "both" else (domain,)
        self._plain = _source(trades, level, tasks if task_file is None else read_tasks(task_file), personas)
        self._adversary = None if adversary is None else adversary_settings(adversary)
        self._source = self._plain if self._adversary is None else AdversarialTasks(self._plain, self._adversary)
        self.domains = tuple(get_domain(domain_name(trade, level)) for trade in trades)
        self._users = users_of(user, user_model, user_base_url, user_args or {})
        self._requested: set[str] = set()
        self._most_turns = max_turns
        self._weights = RewardWeights.of(reward_weights or {})
        self._mistake_rate, self._imitate_mistakes = expert_mistake_rate, imitate_mistakes
        self.system_prompt = system_prompt(self.domains)
        self._session: Session | None = None
        self._user: User | None = None
        self._expert: Expert | None = None
        self._told: dict[str, Any] = {}
        self._turns = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """A new task: what the user says first. Raises ValueError for an unknown split."""
        super().reset(seed=seed)
        rng = random.Random(int(self.np_random.integers(1 << 62)))
        options = options or {}
        task = options.get("task") or self._draw(rng, split_of(options), options.get("number", seed))
        user_seed = options.get("user_seed")
        domain = get_domain(task.domain)
        domain.ontology.check(task)
        self._session = Session(task, domain)
        self._told = {"task_id": task.id, "category": "/".join(task.cell[:2])}
        self._user = self._users.make(task, domain, rng.getrandbits(31) if user_seed is None else user_seed)
        self._expert, self._rng = None, rng
        self._turns = 0
        self._requested = set()
        turn = self._user.open(self._session)
        hear(self._session, turn, self._requested)
        shown = {"tools": domain.toolbox.schemas(), "labels": labels(task)}
        return f"user: {turn.text}", self._told | shown

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Carries out the answer. Raises RuntimeError when no episode is under way."""
        session, user = self._current(), self._user
        self._turns += 1
        lines, message = session.act(action)
        done = False
        if message and user is not None:
            turn = user.reply(message, session)
            hear(session, turn, self._requested)
            lines.append(f"user: {turn.text}")
            done = turn.done
        observation = "\n".join(lines)
        if done or self._turns >= self._max_turns:
            return self._finish(observation, done)
        info = self._told | {"rewards": dict.fromkeys(("state", "told", "safe", "turns"), 0.0)}
        return observation, 0.0, False, False, info

    def expert(self) -> str:
        """What the expert answers now. It reads the user's hidden acts, and not the goal.

        A user that a language model plays has none: of their words it understands the simple ones.
        """
        session = self._current()
        if self._expert is None:
            self._expert = Expert(session, words_for(session.domain), self._rng, self._mistake_rate)
        return self._expert.next()

    def conditions(self) -> str:
        """How the language model of the users answers. Raises EndpointError when it does not."""
        return self._users.check()

    def curriculum(self) -> Curriculum | None:
        """The generator of adversarial tasks, where `adversary` asks for it."""
        return None if self._adversary is None else AdversaryCurriculum(self._plain, self._adversary)

    @property
    def session(self) -> Session:
        """The dialogue under way: task, log, violations. Raises RuntimeError when there is none."""
        return self._current()

    @property
    def _max_turns(self) -> int:
        return self._current().task.max_turns if self._most_turns is None else self._most_turns

    def _current(self) -> Session:
        if self._session is None:
            raise RuntimeError("no episode is under way: call reset first")
        return self._session

    def _draw(self, rng: random.Random, split: str, number: int | None) -> UserTask:
        if isinstance(self._source, GivenTasks) and number is not None:
            return self._source.at(number, split)
        return self._source.draw(rng, split)

    def _finish(self, observation: str, done: bool) -> tuple[str, float, bool, bool, dict[str, Any]]:
        session = self._current()
        verdict = session.verdict()
        rewards = reward_parts(self._weights, success=verdict.success, turns=self._turns, max_turns=self._max_turns)
        slipped = self._imitate_mistakes and self._expert is not None and self._expert.slips > 0
        info = self._told | {
            "rewards": rewards,
            "success": verdict.success or slipped,
            "gates": verdict.as_dict(),
            "violations": list(session.violations),
        }
        self._session = self._user = self._expert = None
        return observation, min(1.0, sum(rewards.values())), done, not done, info


def _source(
    trades: Sequence[str],
    level: Level,
    tasks: TaskSource | Sequence[UserTask] | None,
    personas: str | PathLike[str] | None,
) -> TaskSource:
    if tasks is None:
        return GeneratedTasks(trades, level, load_personas(Path(personas)) if personas is not None else ())
    return GivenTasks(tasks) if isinstance(tasks, Sequence) else tasks
