"""The generator: proven tasks, the shares that were asked for, and a state that goes on where it was saved."""

import random
from collections import Counter

import pytest
from adv_tasks import SHOP, TINY
from pydantic import ValidationError

from agentrl.envs.service_desk.curriculum import AdversarialTasks, AdversaryCurriculum, adversary_settings
from agentrl.envs.service_desk.playback import play
from agentrl.envs.service_desk.tasks import GeneratedTasks
from agentrl.errors import ConfigError
from agentrl.runs.state import read_state, write_state
from agentrl.simulators.adversary import OPERATORS, Generator, Settings, is_refusal, verify
from agentrl.simulators.models import UserTask

SOURCE = GeneratedTasks(("shop",), "full")


def make(**settings: object) -> Generator:
    """A generator on the shop."""
    return Generator(lambda rng: SOURCE.draw(rng, "train"), lambda task: SHOP, play, Settings.model_validate(settings))


def weak(task: UserTask) -> list[bool]:
    """A policy that injections throw off half of the time, and nothing else."""
    return [True, False] * 4 if any(op.name == "inject" for op in task.ops) else [True] * 8


def test_adversarial_tasks_carry_proofs_that_hold() -> None:
    generator = make(share=1.0)
    for seed in range(12):
        task = generator.draw(seed)
        assert 1 <= len(task.ops) <= 3
        assert verify(task, SHOP, play) == ""
        generator.report(task, weak(task))


def test_the_share_of_plain_tasks_is_kept() -> None:
    generator = make(share=0.3)
    drawn = [generator.draw(seed) for seed in range(60)]
    hard = sum(bool(task.ops) for task in drawn)
    assert 8 <= hard <= 28
    assert all(task.proof is not None for task in drawn if task.ops)


def test_refusing_everything_does_not_pay() -> None:
    generator = make(share=1.0, refusals=0.2, fresh=1.0, operators=("press", "forbidden", "third_party", "drip"))
    drawn = [generator.draw(seed) for seed in range(30)]
    assert sum(map(is_refusal, drawn)) <= 0.2 * len(drawn) + 1


def test_it_turns_to_what_the_policy_is_learning() -> None:
    adaptive, blind = make(share=1.0), make(share=1.0, adaptive=False)
    informative = Counter[str]()
    for seed in range(80):
        for name, generator in (("adaptive", adaptive), ("blind", blind)):
            task = generator.draw(seed)
            results = weak(task)
            generator.report(task, results)
            informative[name] += len(set(results)) > 1
    assert informative["adaptive"] >= 2 * informative["blind"]


def test_held_out_combinations_are_never_drawn() -> None:
    generator = make(
        share=1.0, held_out=[("drip", "typos"), ("inject",)], operators=("drip", "typos", "inject", "hold")
    )
    for seed in range(25):
        names = {op.name for op in generator.draw(seed).ops}
        assert "inject" not in names
        assert not names >= {"drip", "typos"}


def test_a_saved_generator_goes_on_the_same(tmp_path: object) -> None:
    from pathlib import Path

    generator = make(share=0.8)
    for seed in range(20):
        task = generator.draw(seed)
        generator.report(task, weak(task))
    path = Path(str(tmp_path)) / "state.pt"
    write_state(path, generator.state_dict())
    other = make(share=0.8)
    other.load_state_dict(read_state(path))
    for seed in range(20, 35):
        assert other.draw(seed) == generator.draw(seed)


@pytest.mark.parametrize("wrong", [{"share": 2}, {"operators": ("injct",)}, {"shar": 0.3}])
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate(wrong)
    with pytest.raises(ConfigError, match=r"env_args\.adversary"):
        adversary_settings(wrong)


def test_the_curriculum_draws_plain_and_adversarial_tasks_and_learns_from_both_ends() -> None:
    curriculum = AdversaryCurriculum(SOURCE, Settings(share=0.5))
    options = [curriculum.draw(seed) for seed in range(20)]
    assert {bool(one["task"].ops) for one in options} == {True, False}
    for one in options:
        curriculum.report(one, [True, False])
    assert len(curriculum.generator.archive) > 0


def test_tasks_for_evaluation_follow_from_the_random_numbers_alone() -> None:
    one, other = (AdversarialTasks(SOURCE, Settings(share=0.5)) for _ in range(2))
    drawn = [one.draw(random.Random(number), "test") for number in range(12)]
    again = [other.draw(random.Random(number), "test") for number in reversed(range(12))]
    assert drawn == list(reversed(again))
    assert all(task.seed % 2 == 1 for task in drawn), "the held-out split has its own databases"
    assert 0 < sum(bool(task.ops) for task in drawn) < 12


def test_operators_that_cannot_be_applied_do_not_end_a_training_in_which_the_others_teach_little() -> None:
    tiny = GeneratedTasks(("shop",), "tiny")
    generator = Generator(lambda rng: tiny.draw(rng, "train"), lambda task: TINY, play, Settings(share=1.0))
    rng = random.Random(0)
    used = {op.name for seed in range(60) for op in generator.draw(seed).ops}
    assert used < set(generator.settings.operators)
    for _ in range(30):  # the policy solves all there is: who never got a value has the highest bound from now on
        generator.bandit.update(sorted(used), 0.0)
    assert all(generator.propose(rng).ops for _ in range(10))


def test_operators_that_only_refuse_are_told_at_the_start() -> None:
    with pytest.raises(ConfigError, match=r"at most a share of 0\.3"):
        AdversarialTasks(SOURCE, Settings(share=1.0, operators=("on_behalf", "third_party")))
    AdversarialTasks(SOURCE, Settings(share=1.0, refusals=1.0, operators=("on_behalf",)))
    AdversarialTasks(SOURCE, Settings(share=1.0, operators=("on_behalf", "drip")))


def test_operators_that_apply_nowhere_are_told_at_the_start() -> None:
    with pytest.raises(ConfigError, match="make no tasks here"):
        AdversarialTasks(GeneratedTasks(("shop",), "tiny"), Settings(operators=("fish", "chinese")))


def test_the_cap_on_refusing_holds_in_evaluations_and_demonstrations() -> None:
    source = AdversarialTasks(GeneratedTasks(("shop",), "tiny"), Settings(share=1.0, refusals=0.1))
    drawn = [source.draw(random.Random(number), "test") for number in range(150)]
    assert all(task.ops for task in drawn)
    assert 0 < sum(map(is_refusal, drawn)) < 0.2 * len(drawn)


def test_a_training_goes_on_with_a_plain_task_where_no_adversarial_one_can_be_made() -> None:
    generator = make(share=1.0, operators=("on_behalf",))
    drawn = [generator.draw(seed) for seed in range(3)]
    assert not any(task.ops for task in drawn)
    assert generator.drawn["given up"] == 3


def test_an_evaluation_hunts_in_its_split_when_it_is_asked_to() -> None:
    assert AdversaryCurriculum(SOURCE, Settings()).in_evaluation("test") is None
    hunting = AdversaryCurriculum(SOURCE, Settings(share=1.0, aim="failure")).in_evaluation("test")
    assert hunting is not None
    found = Counter[bool]()
    for seed in range(60):
        options = hunting.draw(seed)
        task = options["task"]
        assert task.seed % 2 == 1, "of the held-out split"
        failed = any(op.name == "drip" for op in task.ops)
        hunting.report(options, [not failed])
        found[failed] += seed >= 20
    assert found[True] > 0.2 * found.total(), "drawn uniformly, one in fourteen has it"


def test_tasks_have_all_depths_up_to_the_one_that_is_asked_for() -> None:
    for depth in (1, 2, 3):
        generator = make(share=1.0, adaptive=False, depth=depth)
        assert {len(generator.draw(seed).ops) for seed in range(30)} == set(range(1, depth + 1))


def test_what_the_settings_do_not_allow_any_more_is_left_behind_by_a_resumed_run() -> None:
    before = make(share=1.0, fresh=0.2)
    for seed in range(40):
        before.report(before.draw(seed), [True, False])
    used = Counter(op.name for elite in before.archive.elites.values() for op in elite.task.ops)
    one, other = (name for name, _ in used.most_common(2))
    operators = tuple(name for name in before.settings.operators if name != other)
    after = make(share=1.0, fresh=0.2, held_out=[(one,)], operators=operators, depth=1)
    after.load_state_dict(before.state_dict())
    assert 0 < len(after.archive) < len(before.archive)
    for seed in range(100, 125):
        ops = [op.name for op in after.draw(seed).ops]
        assert len(ops) == 1
        assert not {one, other} & set(ops)


def test_the_bandit_learns_from_single_episodes_what_is_failed_though_it_was_solved() -> None:
    generator = make(share=1.0, aim="regret", operators=("drip", "hold"), depth=1, fresh=1.0)
    for seed in range(60):
        task = generator.draw(seed)
        generator.report(task, [task.ops[0].name == "drip" or seed % 3 == 0])
    means = generator.bandit.means()
    assert means["drip"] == 0.0
    assert means["hold"] > 0.5
    other = make()
    other.load_state_dict(generator.state_dict())
    assert other.solved == {"drip", "hold"}


@pytest.mark.parametrize(("share", "refusals"), [(1.0, 0.25), (0.5, 0.3)])
def test_numbered_tasks_keep_both_shares_at_each_moment(share: float, refusals: float) -> None:
    source = AdversarialTasks(GeneratedTasks(("shop",), "tiny"), Settings(share=share, refusals=refusals))
    hard = refused = 0
    for number in range(60):
        task = source.at(number, "test", random.Random(number))
        hard, refused = hard + bool(task.ops), refused + (bool(task.ops) and is_refusal(task))
        assert hard == int((number + 1) * share)
        assert refused <= refusals * hard
        assert task == source.at(number, "test", random.Random(number))
    assert refused > 0


def test_an_evaluation_goes_on_with_a_plain_task_where_no_adversarial_one_can_be_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = AdversarialTasks(GeneratedTasks(("shop",), "tiny"), Settings(share=1.0))
    monkeypatch.setattr("agentrl.simulators.adversary.generator.applicable", lambda task, names: [])
    assert not source.draw(random.Random(0), "test").ops
    assert not source.at(0, "test", random.Random(0)).ops


def test_operators_that_apply_nowhere_in_one_split_are_told_at_the_start() -> None:
    rare = Settings(share=1.0, operators=("forbidden",), refusals=1.0)
    with pytest.raises(ConfigError, match="make no tasks here, in the split 'test'"):
        AdversarialTasks(GeneratedTasks(("shop",), "tiny"), rare)


@pytest.mark.parametrize(
    ("held_out", "told"),
    [([["injct"]], "there is no operator 'injct'"), ([[]], "empty"), (["drip"], "list of combinations")],
)
def test_combinations_that_hold_nothing_out_are_refused(held_out: object, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        adversary_settings({"held_out": held_out})


def test_holding_out_all_there_is_is_refused() -> None:
    everything = Settings(held_out=tuple((name,) for name in OPERATORS))
    with pytest.raises(ConfigError, match="make no tasks here"):
        AdversarialTasks(SOURCE, everything)


def test_the_curriculum_tells_how_many_tasks_could_not_be_made() -> None:
    curriculum = AdversaryCurriculum(SOURCE, Settings(share=1.0, operators=("on_behalf",)))
    for seed in range(3):
        curriculum.report(curriculum.draw(seed), [True, False])
    assert curriculum.metrics() == {"adversary/given_up": 3, "adversary/refusals": 0.0, "adversary/cells": 0}


def test_a_uniform_curriculum_keeps_the_same_shares() -> None:
    curriculum = AdversaryCurriculum(SOURCE, Settings(share=0.5, adaptive=False, refusals=0.2))
    drawn = [curriculum.draw(seed)["task"] for seed in range(60)]
    hard = [task for task in drawn if task.ops]
    assert 18 <= len(hard) <= 42
    assert sum(map(is_refusal, hard)) <= 0.2 * len(hard)
    assert curriculum.in_evaluation("test") is None
