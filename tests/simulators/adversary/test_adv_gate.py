"""The gate: what is proven, what is rejected and why, and that a proof that no longer holds is noticed."""

import random
from dataclasses import dataclass

import pytest
from adv_tasks import SHOP, TRADES, harder, plain

from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.envs.service_desk.playback import Playback, play
from agentrl.errors import TaskFileError
from agentrl.simulators.adversary import Rejection, is_refusal, prove, read_tasks, verify, write_tasks
from agentrl.simulators.models import SolvabilityProof, SubGoal, UserTask, UserTurn


@dataclass(frozen=True)
class Fake:
    """A dialogue that went as it is told."""

    player: str = "fake-1"
    success: bool = True
    violations: tuple[str, ...] = ()
    turns: int = 3
    digest: str = "d"
    lines: tuple[str, ...] = ()
    said: tuple[UserTurn, ...] = ()


def test_a_proof_holds_the_same_each_time() -> None:
    task = plain(0)
    proof = prove(task, SHOP, play)
    assert isinstance(proof, SolvabilityProof)
    assert proof == prove(task, SHOP, play)
    assert len(set(proof.trajectories)) > 1, "the user seeds should give different dialogues"
    assert 0 < proof.turns <= task.max_turns
    assert not proof.noop_succeeds
    assert verify(task.model_copy(update={"proof": proof}), SHOP, play) == ""


@pytest.mark.parametrize(
    ("played", "reason"),
    [
        (Fake(success=False), "does not succeed"),
        (Fake(violations=("secret_told",)), "secret_told"),
        (Fake(turns=99), "99 turns"),
    ],
)
def test_what_the_expert_fails_is_rejected_with_the_reason(played: Fake, reason: str) -> None:
    rejection = prove(plain(0), SHOP, lambda task, agent="expert", seed=0: played)
    assert isinstance(rejection, Rejection)
    assert reason in rejection.reason


def test_a_goal_that_cannot_be_reached_is_rejected() -> None:
    task = plain(0)
    goal = task.goal.model_copy(update={"subgoals": (SubGoal(kind="cancel", slots={"order_id": "#W0"}),)})
    rejection = prove(task.model_copy(update={"goal": goal}), SHOP, play)
    assert isinstance(rejection, Rejection)
    assert "can't be reached" in rejection.reason


def test_a_proof_of_another_goal_is_noticed() -> None:
    one, other = (task for task in harder(("inject",), 40) if not is_refusal(task)), plain(1)
    task = next(one)
    assert "has no proof" in verify(task, SHOP, play)
    proof = prove(other, SHOP, play)
    assert isinstance(proof, SolvabilityProof)
    assert "differ" in verify(task.model_copy(update={"proof": proof}), SHOP, play)


@pytest.mark.parametrize(
    "field", ["gold_state", "turns", "trajectories", "noop_succeeds", "refuser_succeeds", "expert", "task"]
)
def test_every_part_of_a_proof_is_checked(field: str) -> None:
    task = plain(2)
    proof = prove(task, SHOP, play)
    assert isinstance(proof, SolvabilityProof)
    wrong = {"turns": proof.turns + 1, "trajectories": ("x",) * 3, "noop_succeeds": True, "refuser_succeeds": True}
    forged = proof.model_copy(update={field: wrong.get(field, "0" * 16)})
    assert "differ" in verify(task.model_copy(update={"proof": forged}), SHOP, play)


def test_a_proof_is_of_one_task_for_all_the_seeds_and_of_operators_that_there_are() -> None:
    task = next(task for task in harder(("inject",), 40) if task.goal.must_hear)
    proof = prove(task, SHOP, play)
    assert isinstance(proof, SolvabilityProof)
    task = task.model_copy(update={"proof": proof})
    one = proof.model_copy(update={"seeds": (0,), "trajectories": proof.trajectories[:1]})
    assert "is not proven for the user seeds 1, 2" in verify(task.model_copy(update={"proof": one}), SHOP, play)
    deaf = task.goal.model_copy(update={"must_hear": (), "forbidden_effects": ()})
    for changes in ({"goal": deaf}, {"max_turns": 10**6}):
        assert "the task differs" in verify(task.model_copy(update=changes), SHOP, play)
    for changes in ({"category": "zzz"}, {"level": 1}, {"name": "injct"}):
        op = task.ops[0].model_copy(update=changes)
        assert "which there is not" in verify(task.model_copy(update={"ops": (op,)}), SHOP, play)


@pytest.mark.parametrize("trade", TRADES)
def test_who_always_refuses_solves_what_is_about_refusing_and_nothing_else(trade: str) -> None:
    solved = 0
    for name in ("third_party", "on_behalf", "press", "forbidden", "silent_fallback", "drip", "typos"):
        for task in harder((name,), 4, trade=trade):
            proof = prove(task, get_domain(trade), play)
            if isinstance(proof, SolvabilityProof):
                assert proof.refuser_succeeds == is_refusal(task) == play(task, "refuser").success
                solved += proof.refuser_succeeds
    assert solved >= 8


def test_a_task_that_the_refuser_solves_is_about_refusing_whatever_its_goal_looks_like() -> None:
    task = next(task for task in harder(("drip",), 20) if not is_refusal(task))
    proof = prove(task, SHOP, play)
    assert isinstance(proof, SolvabilityProof)
    assert is_refusal(task.model_copy(update={"proof": proof.model_copy(update={"refuser_succeeds": True})}))


def test_who_changes_nothing_plays_only_where_nothing_is_to_be_changed() -> None:
    agents: list[str] = []

    def recorded(task: UserTask, agent: str = "expert", seed: int = 0) -> Playback:
        agents.append(agent)
        return play(task, agent, seed)  # type: ignore[arg-type]

    assert isinstance(prove(next(iter(harder(("indecisive",), 1))), SHOP, recorded), SolvabilityProof)
    assert set(agents) == {"expert"}
    assert isinstance(prove(next(iter(harder(("on_behalf",), 1))), SHOP, recorded), SolvabilityProof)
    assert set(agents) == {"expert", "noop", "refuser"}


def test_refusing_is_right_only_where_nothing_is_to_be_done() -> None:
    assert all(map(is_refusal, harder(("third_party",), 5)))
    assert all(map(is_refusal, harder(("on_behalf",), 5)))
    assert not any(map(is_refusal, harder(("say_fallback",), 5)))


def test_files_keep_tasks_and_name_broken_lines(tmp_path: object) -> None:
    path = f"{tmp_path}/tasks.jsonl"
    tasks = [task.model_copy(update={"proof": prove(task, SHOP, play)}) for task in harder(("drip", "fish"), 3)]
    assert write_tasks(path, tasks) == len(tasks) > 0
    assert read_tasks(path) == tasks
    with open(path, "a", encoding="utf-8") as file:
        file.write('{"id": "x"}\nnonsense\n')
    with pytest.raises(TaskFileError) as error:
        read_tasks(path)
    assert f"{path}:{len(tasks) + 1}:" in str(error.value)
    assert f"{path}:{len(tasks) + 2}: is no JSON" in str(error.value)


def test_a_task_in_which_a_proof_was_cut_off_is_not_read(tmp_path: object) -> None:
    path = f"{tmp_path}/empty.jsonl"
    write_tasks(path, [])
    with pytest.raises(TaskFileError, match="holds no task"):
        read_tasks(path)


def test_random_compositions_that_pass_the_gate_pass_it_again() -> None:
    from agentrl.simulators.adversary import OPERATORS, applicable, apply

    rng, proven = random.Random(5), 0
    for number in range(25):
        task: UserTask | None = plain(number)
        for _ in range(3):
            assert task is not None
            names = applicable(task, tuple(OPERATORS))
            task = (apply(task, [rng.choice(names)], rng, SHOP) if names else None) or task
        assert task is not None
        proof = prove(task, SHOP, play)
        if isinstance(proof, SolvabilityProof):
            proven += 1
            assert verify(task.model_copy(update={"proof": proof}), SHOP, play) == ""
    assert proven >= 15
