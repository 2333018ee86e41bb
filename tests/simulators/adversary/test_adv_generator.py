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
from agentrl.simulators.adversary import Generator, Settings, is_refusal, verify
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
