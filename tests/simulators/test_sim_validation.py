"""What a task, a turn and an act may be: each field that is wrong is refused by its name."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import ValidationError

from agentrl.simulators import (
    DialogueAct,
    Persona,
    SolvabilityProof,
    SubGoal,
    ToolCall,
    Trigger,
    UserGoal,
    UserTurn,
)

WISH = SubGoal(kind="cancel", slots={"order_id": "#W1"})
PROOF: dict[str, Any] = {
    "expert": "e",
    "seeds": (1, 2),
    "trajectories": ("a", "b"),
    "turns": 3,
    "gold_state": "g",
}


class Text(str):
    """Texts of other classes are texts too."""


@pytest.mark.parametrize(
    ("fields", "error", "told"),
    [
        ({"text": 5}, TypeError, r"UserTurn\.text is 5; it must be a text"),
        ({"text": None}, TypeError, r"UserTurn\.text is None"),
        ({"acts": [DialogueAct("greet")]}, TypeError, r"UserTurn\.acts is .*a tuple of DialogueAct"),
        ({"acts": ("greet",)}, TypeError, r"UserTurn\.acts"),
        ({"emotion": "0.5"}, TypeError, r"UserTurn\.emotion is '0\.5'; it must be a number"),
        ({"emotion": True}, TypeError, r"UserTurn\.emotion is True"),
        ({"emotion": 1.01}, ValueError, r"UserTurn\.emotion is 1\.01; it must be in \[0, 1\]"),
        ({"emotion": -1}, ValueError, r"UserTurn\.emotion is -1"),
        ({"emotion": float("nan")}, ValueError, r"UserTurn\.emotion is nan"),
        ({"stall": 1.0}, TypeError, r"UserTurn\.stall is 1\.0; it must be a whole number"),
        ({"stall": -1}, ValueError, r"UserTurn\.stall is -1"),
        ({"done": 1, "reason": "refused"}, TypeError, r"UserTurn\.done is 1; it must be True or False"),
        ({"done": True}, ValueError, "done is True, but the reason is None"),
        ({"reason": "refused"}, ValueError, "done is False, but the reason is 'refused'"),
        ({"done": True, "reason": "bored"}, ValueError, r"UserTurn\.reason is 'bored'; .* refused, gave_up"),
        ({"done": True, "reason": ["refused"]}, ValueError, r"UserTurn\.reason"),
        ({"guard": "regenerated"}, TypeError, r"UserTurn\.guard is 'regenerated'; it must be a tuple of texts"),
        ({"guard": (3,)}, TypeError, r"UserTurn\.guard"),
        ({"by_model": None}, TypeError, r"UserTurn\.by_model"),
        ({"distorted": 1}, TypeError, r"UserTurn\.distorted"),
    ],
)
def test_a_wrong_field_of_a_turn_is_named(fields: dict[str, Any], error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        UserTurn(**{"text": "hi", **fields})


def test_what_is_right_about_a_turn_is_taken() -> None:
    assert UserTurn(Text("hi"), emotion=1, guard=("x",)).emotion == 1
    assert UserTurn("", done=True, reason="gave_up").done
    assert UserTurn("hi", (DialogueAct("greet"),), 0.5, 2, by_model=True).stall == 2


@pytest.mark.parametrize("make", [DialogueAct, ToolCall])
@pytest.mark.parametrize(
    ("name", "given", "error", "told"),
    [
        (7, {}, TypeError, r"\.name is 7; it must be a text"),
        ("", {}, ValueError, r"\.name is empty"),
        ("x", None, TypeError, r"\.(slots|arguments) is None; it must be a mapping"),
        ("x", [("a", 1)], TypeError, r"must be a mapping"),
        ("x", {1: "a"}, TypeError, r"\.(slots|arguments) has the key 1; keys must be texts"),
        ("x", MappingProxyType({None: 1}), TypeError, r"has the key None"),
    ],
)
def test_acts_and_calls_have_a_name_and_named_values(
    make: Callable[[Any, Any], object], name: Any, given: Any, error: type[Exception], told: str
) -> None:
    with pytest.raises(error, match=told):
        make(name, given)
    assert make("x", MappingProxyType({Text("a"): 1}))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"trajectories": ()}, "there are 0 trajectories of 2 seeds"),
        ({"seeds": (1, 2, 3)}, "there are 2 trajectories of 3 seeds"),
        ({"turns": 0}, "turns"),
        ({"gold_state": ""}, "gold_state"),
    ],
)
def test_a_proof_that_proves_nothing_is_refused(changes: dict[str, Any], told: str) -> None:
    assert SolvabilityProof(**PROOF)
    with pytest.raises(ValidationError, match=told):
        SolvabilityProof(**PROOF | changes)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"known": {"zip": "1"}, "unknown": ("zip",)}, "zip cannot be both known and unknown"),
        ({"must_hear": ("$5", "")}, "must_hear"),
        ({"exit": "refused_ok"}, "'all_satisfied' or 'either'"),
        ({"subgoals": (WISH.model_copy(update={"depends_on": (0,)}),)}, r"depends_on must name earlier subgoals"),
    ],
)
def test_a_goal_that_contradicts_itself_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        UserGoal.model_validate({"subgoals": [WISH.model_dump()], **fields})


def test_a_fallback_depends_on_nothing_of_its_own() -> None:
    """Nothing would read it: the wish in whose place it comes is what depends."""
    other = SubGoal(kind="refund", depends_on=(0,))
    with pytest.raises(ValidationError, match=r"fallback\.depends_on must be empty"):
        SubGoal(kind="cancel", fallback=other)
    assert SubGoal(kind="cancel", depends_on=(0,), fallback=SubGoal(kind="refund"))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"on": "act", "match": ""}, "match"),
        ({"on": "turn", "match": "²"}, "must be a number"),
        ({"on": "turn", "match": "1", "nth": 2}, "a turn comes up once"),
    ],
)
def test_a_trigger_that_never_fires_is_refused(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Trigger(**fields)


def test_an_unknown_trait_is_refused() -> None:
    with pytest.raises(ValidationError, match="no factor is called 'extravert'; there are openness,"):
        Persona(id="p", display_name="p", traits={"extravert": 0.5})
