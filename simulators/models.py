"""What a simulated user is, wants and says: validated models, without any behaviour.

A `UserTask` is complete: with its seed it determines a dialogue's user down to the last character. Goals are
machine-checkable, and triggers match dialogue acts, state or turns, never prose, which an agent words as it likes.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from agentrl.simulators.turns import DialogueAct, Reason, ToolCall, UserTurn

__all__ = [
    "TRAITS",
    "DialogueAct",
    "Disclosure",
    "EmotionSpec",
    "Locale",
    "NoiseSpec",
    "Op",
    "Persona",
    "Reason",
    "SolvabilityProof",
    "SubGoal",
    "ToolCall",
    "Trigger",
    "UserGoal",
    "UserTask",
    "UserTurn",
]

Locale = Literal["en", "zh", "mixed"]
Disclosure = Literal["upfront", "on_request", "drip"]
TRAITS: Final = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
_Text = Annotated[str, Field(min_length=1)]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class NoiseSpec(_Model):
    """How a user's text is distorted. Rates are per word; identifiers, numbers and names are never touched."""

    typo_rate: float = Field(0.0, ge=0, le=1)
    asr_rate: float = Field(0.0, ge=0, le=1)
    """Words replaced by ones that sound alike, as a speech recogniser would."""
    code_switch: float | None = Field(None, ge=0, le=1)
    """Share of sentences with English in them, for the locale "mixed"; None is half of them."""
    emoji: float = Field(0.0, ge=0, le=1)
    """Share of messages with an emoji behind them."""
    casing: Literal["normal", "lower", "upper"] = "normal"


class EmotionSpec(_Model):
    """How annoyance, in [0, 1], moves: up by `gain` when a turn brings nothing or asks again, down by `decay` else.

    It is `UserTurn.emotion`, and shows in the words: an agenda user's style follows it, and a language model is told.
    """

    start: float = Field(0.0, ge=0, le=1)
    gain: float = Field(0.15, ge=0, le=1)
    decay: float = Field(0.05, ge=0, le=1)
    complain_above: float = Field(0.6, ge=0, le=1)
    """Above it the user says that they are annoyed."""


class Persona(_Model):
    """Who the user is: nothing about the task.

    Users that a language model plays (`LLMUser`, `PolicyUser`) are told all of it but the traits, see `describe`. What
    other users do not show says so here.
    """

    id: str
    display_name: str
    locale: Locale = "en"
    age_band: str = ""
    """E.g. "35-49". Only users that a language model plays know it."""
    occupation: str = ""
    """Only users that a language model plays know it."""
    traits: Mapping[str, float] = Field(default_factory=dict)
    """The five factors (`TRAITS`), each in [0, 1]. No user reads them: where a persona is sampled, or read from a file,
    they move other fields (`personas.leanings`). Openness and conscientiousness move none."""
    expertise: float = Field(0.5, ge=0, le=1)
    """How well they know such services. Only users that a language model plays show it."""
    verbosity: float = Field(0.5, ge=0, le=1)
    politeness: float = Field(0.7, ge=0, le=1)
    cooperativeness: float = Field(0.8, ge=0, le=1)
    """For an agenda user that tells "on_request": how probable it is that it names its record at once."""
    patience: int = Field(10, ge=1)
    """Turns without progress before the user leaves."""
    disclosure: Disclosure = "on_request"
    noise: NoiseSpec = NoiseSpec()
    emotion: EmotionSpec = EmotionSpec()

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name, value in self.traits.items():
            if name not in TRAITS:
                raise ValueError(f"traits: no factor is called {name!r}; there are {', '.join(TRAITS)}")
            if not 0 <= value <= 1:
                raise ValueError(f"traits.{name} is {value}; it must be in [0, 1]")
        if self.noise.code_switch and self.locale != "mixed":
            raise ValueError(f"noise.code_switch is for the locale 'mixed'; this one is {self.locale!r}")
        return self


class SubGoal(_Model):
    """One thing that the user wants: an intent of the domain with its slots, and how its fulfilment is seen."""

    kind: str
    """The name of an intent of the domain's ontology."""
    slots: Mapping[str, Any] = Field(default_factory=dict)
    permitted: bool = True
    """Whether the domain's policy allows it. A request that it forbids is fulfilled by refusing it."""
    predicate: str = ""
    """The name of the domain's function (state, slots) -> bool that tells whether it holds; "" is the intent's own."""
    fallback: "SubGoal | None" = None
    """What the user wants instead when it is refused."""
    depends_on: tuple[int, ...] = ()
    """The numbers of earlier subgoals of the goal, without which it is not wanted. A fallback has none of its own."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.fallback and self.fallback.depends_on:
            raise ValueError("fallback.depends_on must be empty: it depends on what the wish in its place depends on")
        return self


class UserGoal(_Model):
    """What the user wants, knows, does not know, and must not get."""

    subgoals: tuple[SubGoal, ...] = Field(min_length=1)
    known: Mapping[str, Any] = Field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    secrets: Mapping[str, Any] = Field(default_factory=dict)
    """Facts in the database that this user has no right to; saying one is an effect that the environment forbids."""
    must_hear: tuple[_Text, ...] = ()
    """Values that the agent has to tell the user (a price, a date), as the ontology words them."""
    forbidden_effects: tuple[str, ...] = ()
    """Names of the domain's predicates that must stay false: minefields."""
    exit: Literal["all_satisfied", "either"] = "either"
    """Whether the user takes a no for an answer: who wants "all_satisfied" insists until their patience is at its end,
    unless there is a fallback."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if both := sorted(set(self.unknown) & self.known.keys()):
            raise ValueError(f"{', '.join(both)} cannot be both known and unknown")
        for number, subgoal in enumerate(self.subgoals):
            if any(not 0 <= other < number for other in subgoal.depends_on):
                raise ValueError(f"subgoals[{number}].depends_on must name earlier subgoals")
        return self

    def every_wish(self) -> Iterator[SubGoal]:
        """All subgoals, each with its fallbacks behind it."""
        for subgoal in self.subgoals:
            wish: SubGoal | None = subgoal
            while wish is not None:
                yield wish
                wish = wish.fallback


class Trigger(_Model):
    """When something happens: at the `nth` time that an agent's act of this name, a state predicate's change to true,
    or a turn of this number comes up."""

    on: Literal["act", "state", "turn"]
    match: _Text
    """The act's name ("ask:SLOT" for a question about one slot), the predicate's name, or the number of the reply: the
    opening is turn 0. What does not fit into a turn waits for the next that it fits into."""
    nth: int = Field(1, ge=1)
    """Of the times that it comes up. A turn comes up once."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.on == "turn" and not (self.match.isdecimal() and len(self.match) <= len("9999")):
            raise ValueError(f"match is {self.match[:9]!r}; with on='turn' it must be a number of a turn")
        if self.on == "turn" and self.nth > 1:
            raise ValueError(f"nth is {self.nth}; with on='turn' it must be 1: a turn comes up once")
        return self


class Op(_Model):
    """One operator that was applied to a task: what makes the user, the goal or the way of asking harder."""

    name: str
    category: str
    level: int = Field(1, ge=1, le=3)
    """How hard it is: the operator's own figure, which `adversary verify` compares. No user reads it."""
    args: Mapping[str, Any] = Field(default_factory=dict)
    trigger: Trigger | None = None


class SolvabilityProof(_Model):
    """That the scripted expert reached the goal's state without a forbidden effect, under several user seeds."""

    expert: str
    """Name and version of the expert."""
    seeds: tuple[int, ...] = Field(min_length=1)
    trajectories: tuple[str, ...]
    """A digest of each seed's whole dialogue."""
    turns: int = Field(ge=1)
    """The largest number of the agent's turns that was needed."""
    gold_state: _Text
    """A digest of the projected final state, computed from the goal and not from the expert."""
    task: str = ""
    """A digest of the task without this proof."""
    database: str = ""
    """A digest of the database that the domain made of the task's seed."""
    noop_succeeds: bool = False
    """Whether an agent that never does anything succeeds as well."""
    refuser_succeeds: bool = False
    """Whether one succeeds that looks up what it is asked for and then refuses: the task is about refusing."""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.trajectories) != len(self.seeds):
            raise ValueError(f"there are {len(self.trajectories)} trajectories of {len(self.seeds)} seeds")
        return self


class UserTask(_Model):
    """Everything about one dialogue's user. `seed` also determines the domain's database."""

    schema_version: Literal[1] = 1
    """Of this class, so that a file of an older one is noticed."""
    id: str
    parent_id: str | None = None
    seed: int = Field(ge=0)
    domain: str
    persona: Persona
    goal: UserGoal
    ops: tuple[Op, ...] = Field((), max_length=3)
    opener: str | None = None
    """Said word for word as the first turn, when given."""
    max_turns: int = Field(24, ge=1)
    """The most turns of the agent, tool calls included."""
    proof: SolvabilityProof | None = None

    @property
    def cell(self) -> tuple[str, str, str, int]:
        """The behaviour descriptor: operator categories, first intent, locale, number of subgoals (at most 3)."""
        categories = "+".join(sorted({op.category for op in self.ops})) or "plain"
        return categories, self.goal.subgoals[0].kind, self.persona.locale, min(3, len(self.goal.subgoals))
