"""The learning adversary's game."""

import json
import warnings

import pytest
from pettingzoo.test import api_test, seed_test

from agentrl.envs.service_desk.adversary_game import ADVERSARY, AGENT, NONE, ServiceDeskAdversaryAEC
from agentrl.errors import ConfigError
from agentrl.simulators.adversary import SEEDS

OPERATORS = ("drip", "chinese", "press", "impatient", "indecisive", "hold")


def small() -> ServiceDeskAdversaryAEC:
    """A game with few operators, so that the mask is quick."""
    return ServiceDeskAdversaryAEC(operators=OPERATORS)


def test_it_keeps_the_promises_of_pettingzoo() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        api_test(small(), num_cycles=30)
        seed_test(small, num_cycles=10)


def play(game: ServiceDeskAdversaryAEC, seed: int, pick: str, *, expert: bool) -> dict[str, float]:
    """The total reward of each seat."""
    game.reset(seed=seed)
    total = dict.fromkeys((ADVERSARY, AGENT), 0.0)
    for agent in game.agent_iter():
        _, reward, ended, cut, _ = game.last()
        total[agent] += reward
        if ended or cut:
            game.step(None)  # type: ignore[arg-type]
        elif agent == ADVERSARY:
            game.step(pick)
        else:
            game.step(game.expert(AGENT) if expert else "ok")
    return total


@pytest.mark.parametrize("pick", [NONE, "indecisive", "press", "chinese"])
def test_regret_is_zero_against_the_expert_and_one_against_nobody(pick: str) -> None:
    for seed in range(3):
        against_expert = play(small(), seed, pick, expert=True)
        assert against_expert[ADVERSARY] == 0.0
        assert against_expert[AGENT] > 0.5
        against_nobody = play(small(), seed, pick, expert=False)
        assert against_nobody == {ADVERSARY: 1.0, AGENT: 0.0}


def test_picks_change_the_task_and_others_are_masked() -> None:
    game = small()
    game.reset(seed=3)
    mask = game.infos[ADVERSARY]["action_mask"]
    allowed = [name for name, free in zip(game.choices, mask, strict=True) if free]
    assert NONE in allowed
    assert len(allowed) > 2
    assert all(name in game.observe(ADVERSARY)["text"] for name in allowed)
    pick = allowed[0]
    game.step(pick)
    assert [op.name for op in game.task.ops] == [pick]
    assert game.agent_selection == ADVERSARY
    assert pick not in game.observe(ADVERSARY)["text"].split("choices:")[1]
    game.step("no such operator")
    assert [op.name for op in game.task.ops] == [pick]
    assert game.agent_selection == AGENT
    assert game.observe(AGENT)["text"].startswith("user: ")


def test_it_shows_where_the_agent_is_weak() -> None:
    game = small()
    game.reset(seed=0, options={"failures": {"drip": 0.75, "hold": 0.1}})
    assert "drip 0.75" in game.observe(ADVERSARY)["text"]
    assert game.expert(ADVERSARY) == "drip"
    game.reset(seed=0)
    assert len({game.expert(ADVERSARY) for _ in range(30)}) > 2, "without failures any allowed operator will do"


def test_only_what_holds_for_every_seed_of_a_proof_may_be_picked() -> None:
    game = small()
    game.reset(seed=1)
    assert all(task.proof is not None and task.proof.seeds == SEEDS for task in game._allowed.values())


def test_an_action_of_a_seat_that_is_done_is_an_error() -> None:
    game = ServiceDeskAdversaryAEC(operators=("drip",))
    game.reset(seed=0)
    game.step(NONE)
    while not (game.terminations[AGENT] or game.truncations[AGENT]):
        game.step("ok")
    with pytest.raises(ValueError, match="dead"):
        game.step("I am done but say something")
    game.step(None)


def test_what_it_tells_can_be_written_as_json() -> None:
    game = small()
    game.reset(seed=0)
    game.step(NONE)
    assert json.loads(json.dumps(game.infos)) == game.infos


@pytest.mark.parametrize(("operators", "told"), [(("drpi",), "no operator 'drpi'"), ((), "at least one")])
def test_operators_that_there_are_not_are_refused_at_once(operators: tuple[str, ...], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        ServiceDeskAdversaryAEC(operators=operators)
