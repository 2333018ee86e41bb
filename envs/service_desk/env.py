"""`service_desk`: an agent with tools serves a simulated user by a written policy."""

import random
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, ClassVar

from agentrl.envs.base import Curriculum, TextEnv
from agentrl.envs.service_desk.curriculum import AdversaryCurriculum
from agentrl.envs.service_desk.domains.base import Level
from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.envs.service_desk.expert.expert import Expert
from agentrl.envs.service_desk.expert.words import words_for
from agentrl.envs.service_desk.judge import judge_of
from agentrl.envs.service_desk.people import shown_in_few_words
from agentrl.envs.service_desk.prompts import prompt_without_tools, system_prompt
from agentrl.envs.service_desk.rewards import RewardWeights, reward_parts
from agentrl.envs.service_desk.session import Session
from agentrl.envs.service_desk.settings import check_flag, check_number
from agentrl.envs.service_desk.sources import open_tasks, reset_options
from agentrl.envs.service_desk.tasks import TaskSource, labels
from agentrl.envs.service_desk.users import UserKind, hear, users_of, worded
from agentrl.simulators.models import UserTask
from agentrl.simulators.users import User


class ServiceDeskEnv(TextEnv):
    """Serve a customer: verify, ask, look things up, get consent, act, and tell; the database decides.

    An answer is a message to the user, or `<tool_call>{"name": ..., "arguments": {...}}</tool_call>`, several if need
    be. The observation is what the user says ("user: ...") or what the tools gave ("tool: {...}", "error: ...").

    `reset` takes `options={"split": "train" | "test"}`, and `options={"task": UserTask, "user_seed": int}` to play a
    given one; `"number"` is the episode's place in a given list of tasks, `seed` if left out. `step` raises
    InfrastructureError when a user that is a language model can't be reached, or a judge that a success's reward needs.
    """

    metadata: dict[str, Any] = {**TextEnv.metadata, "reward_range": (0.0, 1.0)}  # noqa: RUF012 (as gymnasium declares it)
    tiny_cold_start_args: ClassVar[Mapping[str, Any]] = {"expert_mistake_rate": 0.45, "imitate_mistakes": True}
    """The tiny policy imitates a careless expert, which leaves RL something to put right."""
    cold_start_args: Mapping[str, Any] = {"user": "agenda"} | dict.fromkeys(
        ["user_model", "user_base_url", "user_args", "judge_model", "judge_base_url", "judge_args", "reward_weights"]
    )
    """The expert's thousands of demonstrations cost no language model anything, and nothing depends on their reward."""
    yields_to = dict.fromkeys(("adversary", "personas", "task_file", "tasks"), ("task_file", "tasks"))
    """Who names tasks for a run to play wants just these."""
    table: ClassVar[str] = "agentrl.envs.service_desk:ServiceDeskAEC"

    def __init__(
        self,
        *,
        domain: str = "shop",
        level: Level = "tiny",
        user: UserKind = "agenda",
        user_model: str | None = None,
        user_base_url: str | None = None,
        user_args: Mapping[str, Any] | None = None,
        task_file: str | PathLike[str] | None = None,
        tasks: TaskSource | Sequence[UserTask] | None = None,
        personas: Mapping[str, Any] | str | PathLike[str] | None = None,
        adversary: Mapping[str, Any] | None = None,
        max_turns: int | None = None,
        reward_weights: Mapping[str, float] | None = None,
        judge_model: str | None = None,
        judge_base_url: str | None = None,
        judge_args: Mapping[str, Any] | None = None,
        expert_mistake_rate: float = 0.0,
        imitate_mistakes: bool = False,
    ) -> None:
        """Arguments:

        domain: what is traded: "shop", "travel", "both", or your own `Domain`: ./file.py:Class, package.module:Class.
        level: "tiny" is for the tiny policy: short dialogues in few words; "easy" has one wish and plain users; "full"
            has up to three wishes and all sorts of users, in English and Chinese.
        user: "agenda" needs no language model; "hybrid" words the agenda by one, and "llm" leaves all to it:
            `user_model` at the OpenAI-compatible `user_base_url`. "policy" is played by a run or a model: `user_model`.
        user_args: settings of such users, e.g. {"max_tokens": 1024}: those of `agentrl.simulators.Endpoint` (its key is
            taken from OPENAI_API_KEY), or of `agentrl.rollout.speaking.policy_users`.
        task_file, tasks: play these tasks instead (JSONL of `UserTask`, a list, or a source of your own); at most one.
        personas: a file of personas, from which those of generated tasks are drawn; or distributions that replace some
            of the level's, e.g. {"locale": {"zh": 1.0}}: see `agentrl.simulators.personas.Distributions`.
        adversary: makes some users adversarial, e.g. {"share": 0.3}; in training by what the policy is learning. See
            `agentrl.simulators.adversary.Settings`. Beside given tasks, it makes some of those harder.
        max_turns: answers per episode; the task's own number if None.
        reward_weights: replaces some of `RewardWeights`: "state", "told", "safe", "turns", "judge".
        judge_model: grades how the agent communicated, into `info["judge"]`, at the OpenAI-compatible `judge_base_url`.
            It changes a reward only where `reward_weights` has a "judge", and success never.
        judge_args: its settings, as `user_args` for an endpoint.
        expert_mistake_rate: how often the expert is careless where it can be, in [0, 1].
        imitate_mistakes: a cold start learns the expert's carelessness as well, also where an episode failed by it;
            otherwise careless answers are marked, and nobody learns them.

        Raises ConfigError for a value out of range, TaskFileError for a task file with broken lines.
        """
        super().__init__()
        check_number("expert_mistake_rate", expert_mistake_rate, 0, 1)
        check_flag("imitate_mistakes", imitate_mistakes)
        if max_turns is not None:
            check_number("max_turns", max_turns, 1, whole=True)
        given: dict[str, Any] = {"task_file": task_file, "tasks": tasks, "personas": personas, "adversary": adversary}
        self._played = open_tasks(domain, level, **given, few_words=user == "agenda")
        self._users = users_of(user, user_model, user_base_url, user_args)
        if user != "agenda" and personas is not None and any(one.few_words for one in self._played.domains):
            # A cold start's scripted users have few words, in which not all of these people can show.
            self.cold_start_args = {**self.cold_start_args, "personas": shown_in_few_words(personas)}
        self._requested: set[str] = set()
        self._most_turns = max_turns
        self._weights = RewardWeights.of(reward_weights or {})
        self._judge = judge_of(judge_model, judge_base_url, judge_args, weight=self._weights.judge)
        self._mistake_rate, self._imitate_mistakes = expert_mistake_rate, imitate_mistakes
        self.system_prompt = system_prompt(self._played.domains)
        self._prompt_without_tools = prompt_without_tools(self._played.domains)
        self._session: Session | None = None
        self._user: User | None = None
        self._expert: Expert | None = None
        self._told: dict[str, Any] = {}
        self._slip: str | None = None
        self._turns = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """A new task: what the user says first.

        Raises ValueError for a misspelt option, or a wrong value of one; UserError for a task that cannot be played.
        """
        super().reset(seed=seed)
        rng = random.Random(int(self.np_random.integers(1 << 62)))
        asked = reset_options(options, seed)
        task = asked["task"] or self._played.draw(rng, asked["split"], asked["number"])
        user_seed = asked["user_seed"]
        domain = get_domain(task.domain)
        self._session = Session(task, domain)
        self._told = {"task_id": task.id, "category": "/".join(task.cell[:2])}
        self._user = self._users.make(task, domain, rng.getrandbits(31) if user_seed is None else user_seed)
        self._expert, self._rng, self._slip = None, rng, None
        self._turns = 0
        self._requested = set()
        turn = self._user.open(self._session)
        line = hear(self._session, turn, self._requested)
        shown = {"tools": domain.toolbox.schemas(), "labels": labels(task)}
        shown["prompt_without_tools"] = self._prompt_without_tools
        return line, self._told | shown

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Carries out the answer. Raises RuntimeError when no episode is under way."""
        session, user = self._current(), self._user
        slip, self._slip = self._slip, None
        mark = {"imitate": False} if action == slip and not self._imitate_mistakes else {}
        self._turns += 1
        lines, message = session.act(action)
        done = False
        if message and user is not None:
            turn = user.reply(message, session)
            lines.append(hear(session, turn, self._requested))
            self._told |= worded(session)
            done = turn.done
        observation = "\n".join(lines)
        if done or self._turns >= self._max_turns:
            return self._finish(observation, done, mark)
        info = self._told | {"rewards": dict.fromkeys(("state", "told", "safe", "turns"), 0.0)} | mark
        return observation, 0.0, False, False, info

    def expert(self) -> str:
        """What the expert answers now. It reads the user's hidden acts, and not the goal.

        A user that a language model plays has none: of their words it understands the simple ones.
        """
        session = self._current()
        if self._expert is None:
            self._expert = Expert(session, words_for(session.domain), self._rng, self._mistake_rate)
        answer = self._expert.next()
        self._slip = answer if self._expert.slipped else None
        return answer

    def conditions(self) -> str:
        """How the language models of the users and of the judge answer, and in which split given tasks are not at home.

        Raises EndpointError when a model does not answer.
        """
        models = [self._users.check(), self._judge.check() if self._judge else ""]
        return "; ".join(filter(None, [*models, self._played.told]))

    def curriculum(self) -> Curriculum | None:
        """The generator of adversarial tasks, where `adversary` asks for it."""
        played = self._played
        return None if played.adversary is None else AdversaryCurriculum(played.plain, played.adversary)

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

    def _finish(
        self, observation: str, done: bool, mark: Mapping[str, Any]
    ) -> tuple[str, float, bool, bool, dict[str, Any]]:
        session = self._current()
        verdict = session.verdict()
        judged = self._judge.grade(session, success=verdict.success) if self._judge else {}
        rewards = reward_parts(
            self._weights,
            success=verdict.success,
            turns=self._turns,
            max_turns=self._max_turns,
            judged=judged.get("share", 0.0),
        )
        slipped = self._imitate_mistakes and self._expert is not None and self._expert.slips > 0
        info = self._told | {
            "rewards": rewards,
            "success": verdict.success,
            "gates": verdict.as_dict(),
            "violations": list(session.violations),
            **({"judge": judged} if judged else {}),
            **({"worth_imitating": True} if slipped and not verdict.success else mark),
        }
        self._session = self._user = self._expert = None
        return observation, min(1.0, sum(rewards.values())), done, not done, info
