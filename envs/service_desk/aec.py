"""`service_desk` for two seats: the user is played by whoever sits there, a policy or a person."""

import random
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, ClassVar, Final

from gymnasium.spaces import Dict
from gymnasium.utils import seeding
from pettingzoo import AECEnv

from agentrl.envs.base import AnyText
from agentrl.envs.service_desk.actions import Answer, parse, written
from agentrl.envs.service_desk.domains.base import Level
from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.envs.service_desk.events import Said
from agentrl.envs.service_desk.expert.expert import Expert
from agentrl.envs.service_desk.expert.words import words_for
from agentrl.envs.service_desk.prompts import system_prompt
from agentrl.envs.service_desk.rewards import RewardWeights, reward_parts
from agentrl.envs.service_desk.session import Session
from agentrl.envs.service_desk.settings import check_number
from agentrl.envs.service_desk.sources import open_tasks, reset_options
from agentrl.envs.service_desk.tasks import TaskSource, labels
from agentrl.envs.service_desk.users import agenda_user, hear
from agentrl.simulators.descriptions import describe
from agentrl.simulators.memory import read_part
from agentrl.simulators.models import Reason, SubGoal, ToolCall, UserTask, UserTurn
from agentrl.simulators.nlu import understand
from agentrl.simulators.users import User

AGENT: Final = "agent"
USER: Final = "user"
END: Final = "end_dialogue"
"""The user's only tool; its argument `reason` is satisfied, refused or gave_up."""
_SHORT: Final = {
    f"/end {reason}": written(ToolCall(END, {"reason": reason})) for reason in ("satisfied", "refused", "gave_up")
}
"""How a person ends the dialogue, who need not write JSON: these lines, and nothing beside them."""
_TRIES: Final = 2
"""How often in a row the user's seat is told that its call was broken; after that it has said nothing."""
_USER_PROMPT: Final = (
    "You are a customer. Write what you say. When you have what you want, or give up, end the dialogue: "
    '<tool_call>{"name": "end_dialogue", "arguments": {"reason": "satisfied"}}</tool_call> (or "refused", "gave_up").'
)


class ServiceDeskAEC(AECEnv):  # type: ignore[misc] # PettingZoo has no types
    """`service_desk` for two seats: the user, who speaks first, is played by a policy or a person too.

    The agent answers with calls of tools, as long as it likes, and a message.
    The user's seat sees its goal in words and what the agent says; it ends the dialogue by a call of `end_dialogue`,
    and never by a word. What it claims there is checked: who is "satisfied" without having what they want has given
    up. A broken call is answered by a line "error: ...". Both seats get the agent's reward, so an honest user is the
    best one.
    """

    metadata: ClassVar[dict[str, Any]] = {
        "name": "service_desk_v0",
        "render_modes": [],
        "is_parallelizable": False,
        "reward_range": (0.0, 1.0),
    }
    trainable_seats: ClassVar[tuple[str, ...]] = (AGENT,)
    """The user's words are observed, and get no gradient, unless a run asks for it."""

    seat_hints: ClassVar[dict[str, str]] = {USER: f"Or end it by the line {' or '.join(_SHORT)}."}
    """What a person in a seat is told beside its prompt."""

    def __init__(
        self,
        *,
        domain: str = "shop",
        level: Level = "tiny",
        task_file: str | PathLike[str] | None = None,
        tasks: TaskSource | Sequence[UserTask] | None = None,
        personas: Mapping[str, Any] | str | PathLike[str] | None = None,
        adversary: Mapping[str, Any] | None = None,
        max_turns: int | None = None,
        reward_weights: Mapping[str, float] | None = None,
    ) -> None:
        """See `ServiceDeskEnv` for the arguments, and what it raises. The user's seat is told what operators make of
        its task in words."""
        super().__init__()
        if max_turns is not None:
            check_number("max_turns", max_turns, 1, whole=True)
        given: dict[str, Any] = {"task_file": task_file, "tasks": tasks, "personas": personas, "adversary": adversary}
        self._played = open_tasks(domain, level, **given)
        self._most_turns = max_turns
        self._weights = RewardWeights.of(reward_weights or {})
        self.possible_agents = [AGENT, USER]
        self.agents: list[str] = []
        self.system_prompts = {AGENT: system_prompt(self._played.domains), USER: _USER_PROMPT}
        self._spaces = {seat: Dict({"text": AnyText()}) for seat in self.possible_agents}
        self._answers = {seat: AnyText() for seat in self.possible_agents}
        self._np_random = seeding.np_random(None)[0]

    def observation_space(self, agent: str) -> Dict:
        """A text."""
        return self._spaces[agent]

    def action_space(self, agent: str) -> AnyText:
        """A text."""
        return self._answers[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> None:
        """A new task. Raises ValueError for a wrong option, UserError for a task that cannot be played."""
        if seed is not None:
            self._np_random = seeding.np_random(seed)[0]
        self._rng = random.Random(int(self._np_random.integers(1 << 62)))
        asked = reset_options(options, seed)
        task = asked["task"] or self._played.draw(self._rng, asked["split"], asked["number"])
        domain = get_domain(task.domain)
        self._session = Session(task, domain)
        self._expert = Expert(self._session, words_for(domain), self._rng)
        user_seed = self._rng.getrandbits(31)
        self._user: User = agenda_user(task, domain, user_seed if asked["user_seed"] is None else asked["user_seed"])
        self._planned: UserTurn | None = None
        self._requested: set[str] = set()
        self._turns = self._broken = 0
        self._limit = self._most_turns or task.max_turns
        self._texts = {AGENT: "", USER: describe(task, domain.ontology)}
        self.agents = list(self.possible_agents)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        info = {"task_id": task.id, "category": "/".join(task.cell[:2]), "labels": labels(task)}
        self.infos: dict[str, dict[str, Any]] = {seat: dict(info) for seat in self.agents}
        self.agent_selection = USER

    def observe(self, agent: str) -> dict[str, str]:
        """What the seat reads now."""
        return {"text": self._texts[agent]}

    def step(self, action: str | None) -> None:
        """Carries out the selected seat's answer."""
        seat = self.agent_selection
        if self.terminations[seat] or self.truncations[seat]:
            self._was_dead_step(action)
            return
        self._cumulative_rewards[seat] = 0.0
        self._clear_rewards()
        if seat == USER:
            self._user_says(action or "")
        else:
            self._agent_acts(action or "")
        self._accumulate_rewards()

    def expert(self, agent: str) -> str:
        """What a scripted player does in the seat. The agent's understands other users by simple means only."""
        if agent == AGENT:
            return self._expert.next()
        if self._planned is None:
            said = [event.text for event in self._session.log if isinstance(event, Said)]
            self._planned = self._user.reply(said[-1], self._session) if said else self._user.open(self._session)
        if self._planned.done:
            return written(ToolCall(END, {"reason": self._planned.reason}))
        return self._planned.text

    def _user_says(self, action: str) -> None:
        action = action.encode("utf-8", "replace").decode("utf-8")  # the other seat reads it, and it is stored
        answer = parse(_SHORT.get(action.strip().lower(), action), (END,))
        if answer.message.startswith("/end"):
            answer = Answer((f"to end the dialogue write {', '.join(_SHORT)}, and nothing else",), "")
        calls = [call for call in answer.calls if isinstance(call, ToolCall) and call.name == END]
        if calls:
            self._session.hear(UserTurn("", done=True, reason=self._true_reason(calls[-1].arguments.get("reason"))))
            self._texts[USER] = ""  # an error told before would read as if this had failed
            self._finish(done=True)
            return
        if answer.calls and self._broken < _TRIES:
            self._broken += 1
            self._texts[USER] = "\n".join(map(_wrong, answer.calls))
            return
        planned, self._planned = self._planned, None
        self._broken *= not answer.message
        text = read_part(answer.message) or "..."
        turn = planned if planned is not None and planned.text == answer.message else UserTurn(text)
        # Somebody else than the scripted user speaks without acts.
        self._texts[AGENT] = hear(self._session, turn, self._requested)
        self.agent_selection = AGENT

    def _agent_acts(self, action: str) -> None:
        self._turns += 1
        lines, message = self._session.act(action.encode("utf-8", "replace").decode("utf-8"))
        self._texts[AGENT] = "\n".join(lines)
        if self._turns >= self._limit:
            self._finish(done=False)
        elif message:
            self._texts[USER] = f"agent: {message}"
            self.agent_selection = USER

    def _true_reason(self, claimed: object) -> Reason:
        """The reason, if it is true: "satisfied" needs the state, and "refused" a refusal."""
        wishes = self._session.task.goal.subgoals
        if claimed == "satisfied" and all(self._granted(wish) for wish in wishes):
            return "satisfied"
        said = (event.text for event in self._session.log if isinstance(event, Said))
        if claimed == "refused" and any(
            act.name == "refuse" for text in said for act in understand(text, self._session.domain.ontology)
        ):
            return "refused"
        return "gave_up"

    def _granted(self, wish: SubGoal) -> bool:
        other = wish.fallback
        return self._session.satisfied(wish) or (other is not None and self._session.satisfied(other))

    def _finish(self, *, done: bool) -> None:
        verdict = self._session.verdict()
        parts = reward_parts(self._weights, success=verdict.success, turns=self._turns, max_turns=self._limit)
        for seat in self.agents:
            self.rewards[seat] = min(1.0, sum(parts.values()))
            self.terminations[seat], self.truncations[seat] = done, not done
            ending = {"rewards": parts, "success": verdict.success, "gates": verdict.as_dict()}
            self.infos[seat] = {**self.infos[seat], **ending, "violations": list(self._session.violations)}
        self.agent_selection = self.agents[0]


def _wrong(call: ToolCall | str) -> str:
    problem = call if isinstance(call, str) else f"there is no tool {call.name!r} here, but {END}"
    return f"error: {problem}"
