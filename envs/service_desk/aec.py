"""`service_desk` for two seats: the user is played by whoever sits there, a policy or a person."""

import random
from typing import Any, ClassVar, Final, Literal

from gymnasium.spaces import Dict
from gymnasium.utils import seeding
from pettingzoo import AECEnv

from agentrl.envs.base import AnyText, split_of
from agentrl.envs.service_desk.actions import parse, written
from agentrl.envs.service_desk.domain import Level
from agentrl.envs.service_desk.domains import domain_name, get_domain
from agentrl.envs.service_desk.events import Said
from agentrl.envs.service_desk.expert import Expert
from agentrl.envs.service_desk.expert_words import words_for
from agentrl.envs.service_desk.prompts import system_prompt
from agentrl.envs.service_desk.rewards import RewardWeights, reward_parts
from agentrl.envs.service_desk.session import Session
from agentrl.envs.service_desk.tasks import GeneratedTasks
from agentrl.envs.service_desk.users import agenda_user, hear
from agentrl.simulators.descriptions import describe
from agentrl.simulators.models import Reason, SubGoal, ToolCall, UserTurn
from agentrl.simulators.nlu import understand
from agentrl.simulators.users import User

AGENT: Final = "agent"
USER: Final = "user"
END: Final = "end_dialogue"
"""The user's only tool; its argument `reason` is satisfied, refused or gave_up."""
_REASONS: Final[tuple[Reason, ...]] = ("satisfied", "refused", "gave_up")
_USER_PROMPT: Final = (
    "You are a customer. Write what you say. When you have what you want, or give up, end the dialogue: "
    '<tool_call>{"name": "end_dialogue", "arguments": {"reason": "satisfied"}}</tool_call> (or "refused", "gave_up").'
)


class ServiceDeskAEC(AECEnv):  # type: ignore[misc] # PettingZoo has no types
    """`service_desk` for two seats: the user, who speaks first, is played by a policy or a person too.

    The agent answers with calls of tools, as long as it likes, and a message.
    The user's seat sees its goal in words and what the agent says; it ends the dialogue by a call of `end_dialogue`,
    and never by a word. What it claims there is checked: who is "satisfied" without having what they want has given
    up. Both seats get the agent's reward, so an honest user is the best one.
    """

    metadata: ClassVar[dict[str, Any]] = {
        "name": "service_desk_v0",
        "render_modes": [],
        "is_parallelizable": False,
        "reward_range": (0.0, 1.0),
    }
    trainable_seats: ClassVar[tuple[str, ...]] = (AGENT,)
    """The user's words are observed, and get no gradient, unless a run asks for it."""

    def __init__(self, *, domain: Literal["shop", "travel"] = "shop", level: Level = "tiny") -> None:
        """See `ServiceDeskEnv` for the arguments."""
        super().__init__()
        self.possible_agents = [AGENT, USER]
        self.agents: list[str] = []
        self._source = GeneratedTasks((domain,), level)
        self.system_prompts = {AGENT: system_prompt([get_domain(domain_name(domain, level))]), USER: _USER_PROMPT}
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
        """A new task. Raises ValueError for an unknown split."""
        if seed is not None:
            self._np_random = seeding.np_random(seed)[0]
        self._rng = random.Random(int(self._np_random.integers(1 << 62)))
        task = (options or {}).get("task") or self._source.draw(self._rng, split_of(options))
        domain = get_domain(task.domain)
        self._session = Session(task, domain)
        self._expert = Expert(self._session, words_for(domain), self._rng)
        self._user: User = agenda_user(task, domain, self._rng.getrandbits(31))
        self._planned: UserTurn | None = None
        self._requested: set[str] = set()
        self._turns = 0
        self._texts = {AGENT: "", USER: describe(task, domain.ontology)}
        self.agents = list(self.possible_agents)
        self.rewards = dict.fromkeys(self.agents, 0.0)
        self._cumulative_rewards = dict.fromkeys(self.agents, 0.0)
        self.terminations = dict.fromkeys(self.agents, False)
        self.truncations = dict.fromkeys(self.agents, False)
        info = {"task_id": task.id, "category": "/".join(task.cell[:2])}
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
        planned, self._planned = self._planned, None
        action = action.encode("utf-8", "replace").decode("utf-8")  # the other seat reads it, and it is stored
        answer = parse(action, (END,))
        calls = [call for call in answer.calls if isinstance(call, ToolCall) and call.name == END]
        if calls:
            self._session.hear(UserTurn("", done=True, reason=self._true_reason(calls[-1].arguments.get("reason"))))
            self._finish(done=True)
            return
        text = answer.message or "..."
        turn = planned if planned is not None and planned.text == text else UserTurn(text)
        hear(self._session, turn, self._requested)  # somebody else than the scripted user speaks without acts
        self._texts[AGENT] = f"user: {text}"
        self.agent_selection = AGENT

    def _agent_acts(self, action: str) -> None:
        self._turns += 1
        lines, message = self._session.act(action.encode("utf-8", "replace").decode("utf-8"))
        self._texts[AGENT] = "\n".join(lines)
        if self._turns >= self._session.task.max_turns:
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
        limit = self._session.task.max_turns
        parts = reward_parts(RewardWeights(), success=verdict.success, turns=self._turns, max_turns=limit)
        for seat in self.agents:
            self.rewards[seat] = min(1.0, sum(parts.values()))
            self.terminations[seat], self.truncations[seat] = done, not done
            ending = {"rewards": parts, "success": verdict.success, "gates": verdict.as_dict()}
            self.infos[seat] = {**self.infos[seat], **ending, "violations": list(self._session.violations)}
        self.agent_selection = self.agents[0]
