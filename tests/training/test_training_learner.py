"""The learner: the gradient is that of the whole mini-batch's sampled tokens, however they are cut and packed."""

import copy
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from agentrl.config.presets import resolve_preset
from agentrl.config.schema import TinyModelConfig, TrainConfig
from agentrl.episode import End, Episode, Trajectory, Turn
from agentrl.policies.language import LanguagePolicy
from agentrl.policies.loading import new_tiny_policy
from agentrl.training.batch import Batch, Row, make_batch
from agentrl.training.credit import Credit
from agentrl.training.learner import Learner
from agentrl.training.meter import Meter
from agentrl.training.optimizer import Optimizer, OptimizerName
from agentrl.training.packing import micro_batches
from agentrl.training.schedules import KLController, learning_rate_factor, temperature_at

SHAPE = TinyModelConfig(
    vocab_size=300,
    hidden_size=32,
    intermediate_size=64,
    num_hidden_layers=1,
    num_attention_heads=2,
    num_key_value_heads=1,
    head_dim=16,
)
ALL_ALGORITHMS = ["grpo", "dr_grpo", "dapo", "gspo", "cispo", "rloo", "reinforce_pp", "ppo"]


def make_policy(critic: bool = False) -> LanguagePolicy:
    policy = new_tiny_policy(SHAPE, ["hello world", "higher", "lower"] * 3, 0, value_head=critic)
    if policy.value_head is not None:
        torch.nn.init.normal_(policy.value_head.linear.weight, std=0.1, generator=torch.Generator().manual_seed(0))
    return policy


def make_learner(policy: LanguagePolicy, **settings: Any) -> Learner:
    """A learner whose optimiser leaves gradients as they are, so that they can be read after an update."""
    given = {"num_minibatches": 1, "max_grad_norm": 1e9, "learning_rate": 1e-12, **settings}
    config = TrainConfig(**given)
    return Learner(policy, config, resolve_preset(config), 10)


def random_ids(rng: np.random.Generator, size: int) -> tuple[int, ...]:
    return tuple(rng.integers(3, 250, size).tolist())


def make_episodes(policy: LanguagePolicy, count: int = 5, shift: float = 0.3) -> list[Episode]:
    """Episodes of one to three turns, whose old log-probs are the policy's own but for `shift` times noise."""
    rng = np.random.default_rng(0)
    episodes = []
    for number in range(count):
        turns, keep = [], 0
        for _ in range(1 + number % 3):
            prompt, action = random_ids(rng, int(rng.integers(2, 12))), random_ids(rng, int(rng.integers(1, 8)))
            noise = tuple(rng.normal(0, shift, len(action)).tolist())
            turns.append(Turn(prompt=prompt, action=action, logprobs=noise, keep=keep, reward=float(rng.random())))
            keep += len(prompt) + len(action)
        end = End.TRUNCATED if number % 2 else End.TERMINATED
        final = random_ids(rng, 3) if end is End.TRUNCATED else ()
        seat = Trajectory("agent", tuple(turns), end, final_keep=keep, final_prompt=final)
        episodes.append(Episode("env", "task", 0, "g", (with_own_logprobs(policy, seat),)))
    return episodes


def with_own_logprobs(policy: LanguagePolicy, seat: Trajectory) -> Trajectory:
    """Add the policy's own log-probs to the log-probs that the turns have."""
    batch = make_batch([Episode("env", "task", 0, "g", (seat,))])
    scores = make_learner(policy).score(batch.rows, policy, turns=len(seat.turns), trajectories=1)
    own = np.concatenate(scores.logprobs)
    cuts = np.cumsum([len(turn.action) for turn in seat.turns])[:-1]
    turns = [
        replace(turn, logprobs=tuple((np.array(turn.logprobs) + part).tolist()))
        for turn, part in zip(seat.turns, np.split(own, cuts), strict=True)
    ]
    return replace(seat, turns=tuple(turns))


def credit_of(batch: Batch, critic: bool = False) -> Credit:
    rng = np.random.default_rng(1)
    turns = len(batch.rewards)
    return Credit(rng.normal(size=turns), rng.normal(size=turns) if critic else None)


def gradient(policy: LanguagePolicy, batch: Batch, credit: Credit, **settings: Any) -> dict[str, Tensor]:
    policy.zero_grad()
    learner = make_learner(policy, **settings)
    reference = [row.logprobs - 0.2 for row in batch.rows] if settings.get("init_kl_coef") else None
    values = np.linspace(-1, 1, len(batch.rewards))
    learner.update(
        batch,
        credit,
        rng=np.random.default_rng(0),
        values=values,
        reference=reference,
        kl_coef=settings.get("init_kl_coef", 0.0),
    )
    return {name: p.grad.clone() for name, p in policy.named_parameters() if p.grad is not None}


def assert_same(left: dict[str, Tensor], right: dict[str, Tensor]) -> None:
    assert left.keys() == right.keys()
    largest = max(float(tensor.abs().max()) for tensor in left.values())
    assert largest > 1e-4
    for name, tensor in left.items():
        torch.testing.assert_close(tensor, right[name], atol=1e-5 * max(1.0, largest), rtol=1e-4, msg=name)


@pytest.mark.parametrize("algo", ALL_ALGORITHMS)
def test_the_size_of_micro_batches_leaves_the_gradient_as_it_is(algo: str) -> None:
    critic = algo == "ppo"
    policy = make_policy(critic)
    batch = make_batch(make_episodes(policy))
    extra = {"algo": algo, "entropy_coef": 0.01, "init_kl_coef": 0.1}
    whole = gradient(policy, batch, credit_of(batch, critic), micro_batch_tokens=10_000, **extra)
    for tokens in (1, 40):
        assert_same(
            whole,
            gradient(policy, batch, credit_of(batch, critic), micro_batch_tokens=tokens, logprob_chunk=3, **extra),
        )


@pytest.mark.parametrize("algo", ALL_ALGORITHMS)
def test_cutting_a_trajectory_into_rows_leaves_the_gradient_as_it_is(algo: str) -> None:
    """A fork that keeps everything but the last id, and writes it again, has the same contexts."""
    critic = algo == "ppo"
    policy = make_policy(critic)
    episodes = make_episodes(policy)
    batch, cut = make_batch(episodes), make_batch([forked(episode) for episode in episodes])
    assert len(cut.rows) > len(batch.rows)
    assert cut.sampled_tokens == batch.sampled_tokens
    credit = credit_of(batch, critic)
    assert_same(gradient(policy, batch, credit, algo=algo), gradient(policy, cut, credit, algo=algo))


def forked(episode: Episode) -> Episode:
    """The same contexts, in one row for each turn."""
    (seat,) = episode.trajectories
    turns = [seat.turns[0]]
    for before, turn in zip(seat.turns, seat.turns[1:], strict=False):
        turns.append(replace(turn, keep=turn.keep - 1, prompt=(before.action[-1], *turn.prompt)))
    twin = replace(seat, turns=tuple(turns))
    assert list(twin.contexts()) == list(seat.contexts())
    return replace(episode, trajectories=(twin,))


def reference_grpo(policy: LanguagePolicy, batch: Batch, credit: Credit) -> Tensor:
    """GRPO's loss token by token in plain loops, by the unmodified forward pass of each row."""
    total = torch.zeros(())
    tokens = [sum(len(r.at) for r in batch.rows if r.trajectory == m) for m in range(len(batch.trajectories))]
    for row in batch.rows:
        hidden, _ = policy.packed_hidden([row.ids.tolist()])
        logs = policy.logits(hidden).log_softmax(-1)
        for place, turn, old in zip(row.at.tolist(), row.turn.tolist(), row.logprobs.tolist(), strict=True):
            ratio = (logs[place - 1, row.ids[place]] - old).exp()
            a = float(credit.advantages[turn])
            loss = -torch.minimum(ratio * a, ratio.clamp(0.8, 1.2) * a)
            total = total + loss / (len(batch.trajectories) * tokens[row.trajectory])
    return total


def test_the_gradient_is_that_of_a_plain_reference() -> None:
    policy = make_policy()
    batch = make_batch(make_episodes(policy))
    credit = credit_of(batch)
    ours = gradient(policy, batch, credit, algo="grpo")
    policy.zero_grad()
    reference_grpo(policy, batch, credit).backward()
    theirs = {name: p.grad.clone() for name, p in policy.named_parameters() if p.grad is not None}
    assert_same(ours, theirs)


@pytest.mark.parametrize("algo", ["grpo", "gspo", "cispo", "ppo"])
def test_predictions_of_observed_tokens_get_no_gradient(algo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    critic = algo == "ppo"
    policy = make_policy(critic)
    batch = make_batch(make_episodes(policy))
    seen: list[tuple[Tensor, list[list[int]]]] = []
    original = LanguagePolicy.packed_hidden

    def packed_hidden(self: LanguagePolicy, sequences: Any) -> Any:
        hidden, layout = original(self, sequences)
        hidden.retain_grad()
        seen.append((hidden, [list(sequence) for sequence in sequences]))
        return hidden, layout

    monkeypatch.setattr(LanguagePolicy, "packed_hidden", packed_hidden)
    gradient(policy, batch, credit_of(batch), algo=algo, entropy_coef=0.1, micro_batch_tokens=10_000)
    ((hidden, sequences),) = seen
    assert hidden.grad is not None
    touched = hidden.grad.abs().sum(-1) > 0
    expected = []
    for sequence in sequences:
        row = next(row for row in batch.rows if row.ids.tolist() == sequence)
        mask = np.zeros(len(sequence), dtype=bool)
        mask[row.at - 1] = True
        expected += mask.tolist()
    assert 0 < sum(expected) < len(expected)
    assert not (touched & ~torch.tensor(expected)).any()
    assert touched.sum() > 0.5 * sum(expected)


def test_the_first_step_on_fresh_samples_has_ratio_one_and_clips_nothing() -> None:
    policy = make_policy()
    batch = make_batch(make_episodes(policy, shift=0.0))
    metrics = make_learner(policy).update(
        batch, credit_of(batch), rng=np.random.default_rng(0), values=np.zeros(len(batch.rewards))
    )
    assert metrics["policy/ratio_max"] == pytest.approx(1, abs=1e-5)
    assert metrics["policy/clip_low"] == metrics["policy/clip_high"] == 0


def test_scores_are_the_same_however_they_are_packed() -> None:
    policy = make_policy(critic=True)
    batch = make_batch(make_episodes(policy))

    def score(tokens: int) -> Any:
        learner = make_learner(policy, micro_batch_tokens=tokens)
        return learner.score(batch.rows, policy, turns=len(batch.rewards), trajectories=len(batch.trajectories))

    one, many = score(10_000), score(1)
    for left, right in zip(one.logprobs, many.logprobs, strict=True):
        np.testing.assert_allclose(left, right, atol=1e-5)
    np.testing.assert_allclose(one.values, many.values, atol=1e-5)
    np.testing.assert_allclose(one.finals, many.finals, atol=1e-5)
    truncated = [trajectory.end is End.TRUNCATED for trajectory in batch.trajectories]
    assert ((one.finals != 0) == truncated).all()


def test_updates_stop_once_the_policy_has_moved_by_target_kl() -> None:
    def steps(target: float | None) -> int:
        policy = make_policy()
        batch = make_batch(make_episodes(policy, shift=0.0))
        learner = make_learner(policy, ppo_epochs=6, learning_rate=0.02, warmup_steps=0, target_kl=target)
        learner.update(batch, credit_of(batch), rng=np.random.default_rng(0), values=np.zeros(len(batch.rewards)))
        return learner.updates

    assert steps(None) == steps(1e9) == 6
    assert 1 < steps(1e-4) < 6


def test_kl_in_the_loss_pulls_towards_the_reference() -> None:
    policy = make_policy()
    batch = make_batch(make_episodes(policy, shift=0.0))
    zero = Credit(np.zeros(len(batch.rewards)))
    reference = [np.full(len(row.at), -1.0) for row in batch.rows]

    def distance() -> float:
        scores = make_learner(policy).score(batch.rows, policy)
        return float(np.mean(np.abs(np.concatenate(scores.logprobs) + 1.0)))

    before = distance()
    learner = make_learner(policy, learning_rate=3e-3, warmup_steps=0, ppo_epochs=5, kl_estimator="k2", init_kl_coef=1)
    learner.update(
        batch,
        zero,
        rng=np.random.default_rng(0),
        values=np.zeros(len(batch.rewards)),
        reference=reference,
        kl_coef=1.0,
    )
    assert distance() < before - 0.1


def test_kl_in_the_reward_leaves_the_loss_alone() -> None:
    policy = make_policy()
    batch = make_batch(make_episodes(policy))
    credit = credit_of(batch)
    plain = gradient(policy, batch, credit)
    assert_same(plain, gradient(policy, batch, credit, init_kl_coef=0.5, kl_in="reward"))
    penalised = gradient(policy, batch, credit, init_kl_coef=0.5, kl_in="loss")
    assert any(not torch.allclose(plain[name], penalised[name], atol=1e-5) for name in plain)


def test_the_kl_penalty_is_taken_from_the_reward_of_the_turn_that_caused_it() -> None:
    from agentrl.training.trainer import Trainer

    policy = make_policy()
    batch = make_batch(make_episodes(policy, count=3))
    before = batch.rewards.copy()
    reference = [row.logprobs - np.where(row.turn == 1, 0.5, 0.0) for row in batch.rows]
    trainer = object.__new__(Trainer)
    trainer.config = TrainConfig(kl_in="reward", kl_estimator="k1", init_kl_coef=0.1)
    trainer.controller = KLController(0.1)
    trainer._penalise(batch, reference)
    tokens = sum(int((row.turn == 1).sum()) for row in batch.rows)
    expected = before - np.where(np.arange(len(before)) == 1, 0.1 * 0.5 * tokens, 0)
    np.testing.assert_allclose(batch.rewards, expected)


def test_a_gradient_that_is_not_finite_is_thrown_away() -> None:
    policy = make_policy()
    batch = make_batch(make_episodes(policy))
    credit = Credit(np.full(len(batch.rewards), np.nan))
    before = [parameter.detach().clone() for parameter in policy.parameters()]
    learner = make_learner(policy, learning_rate=0.1, warmup_steps=0)
    learner.update(batch, credit, rng=np.random.default_rng(0), values=np.zeros(len(batch.rewards)))
    assert all(torch.equal(old, new) for old, new in zip(before, policy.parameters(), strict=True))


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_a_batch_of_constant_groups_moves_nothing_however_large_the_momentum(optimizer: OptimizerName) -> None:
    policy = make_policy()
    batch = make_batch(make_episodes(policy))
    learner = make_learner(policy, optimizer=optimizer, learning_rate=1e-2)
    learner.update(batch, credit_of(batch), rng=np.random.default_rng(0), values=np.zeros(len(batch.rewards)))
    before = copy.deepcopy(policy.state_dict())
    constant = Credit(np.zeros(len(batch.rewards)))
    learner.update(batch, constant, rng=np.random.default_rng(0), values=np.zeros(len(batch.rewards)))
    assert_same(before, policy.state_dict())


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_imitation_makes_the_actions_likelier_and_only_them(optimizer: OptimizerName) -> None:
    policy = make_policy()
    rows = make_batch(make_episodes(policy)).rows
    learner = make_learner(policy, learning_rate=3e-3, warmup_steps=0, optimizer=optimizer, max_grad_norm=1.0)
    losses = [learner.imitate(rows)["loss"] for _ in range(15)]
    assert losses[-1] < losses[0] - 1
    assert all(later < earlier for earlier, later in zip(losses[::5], losses[5::5], strict=False))


def test_the_value_head_learns_the_returns() -> None:
    policy = make_policy(critic=True)
    batch = make_batch(make_episodes(policy))
    credit = Credit(np.zeros(len(batch.rewards)), np.linspace(-0.15, 0.15, len(batch.rewards)))
    learner = make_learner(policy, algo="ppo", learning_rate=3e-3, warmup_steps=0, vf_coef=1.0)

    def loss() -> float:
        scores = learner.score(batch.rows, policy, turns=len(batch.rewards), trajectories=len(batch.trajectories))
        assert credit.returns is not None
        result = learner.update(batch, credit, rng=np.random.default_rng(0), values=scores.values)
        return result["value/loss"]

    losses = [loss() for _ in range(25)]
    assert losses[-1] < 0.3 * losses[0]


def test_micro_batches_hold_every_item_once_within_the_budget() -> None:
    lengths = [5, 100, 7, 30, 30, 2, 64]
    parts = list(micro_batches(lengths, 64))
    assert sorted(index for part in parts for index in part) == list(range(7))
    assert all(len(part) == 1 or sum(lengths[index] for index in part) <= 64 for part in parts)
    assert list(micro_batches([], 64)) == []


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_an_optimiser_goes_on_from_its_state_to_the_bit(name: OptimizerName) -> None:
    def play(policy: LanguagePolicy, optimizer: Optimizer, steps: range) -> None:
        for step in steps:
            optimizer.zero_grad()
            generator = torch.Generator().manual_seed(step)
            for parameter in policy.parameters():
                parameter.grad = torch.randn(parameter.shape, generator=generator)
            optimizer.step(1e-2)

    policy, twin = make_policy(critic=True), make_policy(critic=True)
    optimizer = Optimizer(policy, name, 0.01)
    play(policy, optimizer, range(3))
    twin.load_state_dict(policy.state_dict())
    resumed = Optimizer(twin, name, 0.01)
    resumed.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    play(policy, optimizer, range(3, 6))
    play(twin, resumed, range(3, 6))
    assert all(torch.equal(a, b) for a, b in zip(policy.parameters(), twin.parameters(), strict=True))


@pytest.mark.parametrize(
    ("settings", "rate", "parts"),
    [
        ({}, 2e-4, 2),
        ({"model_name_or_path": "given"}, 1e-6, 1),
        ({"model_name_or_path": "given", "optimizer": "muon", "learning_rate": 1e-5}, 1e-5, 2),
        ({"optimizer": "adamw"}, 2e-4, 1),
    ],
)
def test_a_given_model_takes_careful_steps_unless_told(settings: dict[str, Any], rate: float, parts: int) -> None:
    policy = make_policy()
    config = TrainConfig(warmup_steps=0, **settings)
    learner = Learner(policy, config, resolve_preset(config), 10)
    rows = make_batch(make_episodes(policy)).rows
    assert learner.imitate(rows)["policy/learning_rate"] == pytest.approx(rate)
    assert len(learner.optimizer.state_dict()) == parts


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_every_weight_is_optimised_exactly_once(name: OptimizerName) -> None:
    policy = make_policy(critic=True)
    before = [parameter.detach().clone() for parameter in policy.parameters()]
    optimizer = Optimizer(policy, name, 0.0)
    given = [p for part, _ in optimizer._parts for group in part.param_groups for p in group["params"]]
    assert sorted(map(id, given)) == sorted(map(id, policy.parameters()))
    for parameter in policy.parameters():
        parameter.grad = torch.ones_like(parameter)
    optimizer.step(1e-2)
    assert not any(torch.equal(old, new) for old, new in zip(before, policy.parameters(), strict=True))


def test_the_learning_rate_warms_up_and_decays() -> None:
    factors = [learning_rate_factor(step, 10, 3, "constant") for step in range(5)]
    assert factors == [0.25, 0.5, 0.75, 1.0, 1.0]
    linear = [learning_rate_factor(step, 10, 0, "linear") for step in (0, 5, 10, 99)]
    assert linear == [1.0, 0.5, 0.0, 0.0]
    cosine = [learning_rate_factor(step, 12, 2, "cosine") for step in (2, 7, 12, 99)]
    assert cosine == pytest.approx([1.0, 0.5, 0.0, 0.0])
    assert learning_rate_factor(2, 2, 2, "linear") == 1.0


def test_the_learner_uses_the_schedule() -> None:
    policy = make_policy()
    rows: list[Row] = make_batch(make_episodes(policy)).rows
    learner = make_learner(policy, learning_rate=1e-3, warmup_steps=4, lr_scheduler_type="linear")
    rates = [learner.imitate(rows)["policy/learning_rate"] for _ in range(7)]
    assert rates == pytest.approx([1e-3 * f for f in (0.2, 0.4, 0.6, 0.8, 1, 1 - 1 / 6, 1 - 2 / 6)])


def test_the_temperature_goes_from_start_to_end() -> None:
    assert [temperature_at(step, 5, 1.0, 0.6) for step in range(5)] == pytest.approx([1.0, 0.9, 0.8, 0.7, 0.6])
    assert temperature_at(3, 5, 0.8, None) == 0.8
    assert temperature_at(0, 1, 1.0, 0.5) == 1.0


@pytest.mark.parametrize(
    ("kl", "factor"), [(1.0, 1.0), (1.1, 1 + 0.1 * 0.05), (50.0, 1 + 0.2 * 0.05), (0.0, 1 - 0.2 * 0.05)]
)
def test_the_adaptive_controller_steers_by_at_most_a_fifth_of_the_error(kl: float, factor: float) -> None:
    controller = KLController(0.3, target=1.0, horizon=1000)
    controller.update(kl, 50)
    assert controller.coef == pytest.approx(0.3 * factor)


@pytest.mark.parametrize("kl", [math.nan, math.inf, 5.0])
def test_a_fixed_coefficient_stays_and_a_kl_that_is_not_finite_steers_nothing(kl: float) -> None:
    fixed, adaptive = KLController(0.3), KLController(0.3, target=1.0)
    fixed.update(kl, 50)
    assert fixed.coef == 0.3
    adaptive.update(kl, 50)
    assert math.isfinite(adaptive.coef)
    assert (adaptive.coef == 0.3) == (not math.isfinite(kl))


def test_the_meter_averages_over_items_sums_within_steps_and_keeps_maxima() -> None:
    meter = Meter()
    meter.add("mean", 6.0, 2)
    meter.add("mean", 0.0, 1)
    meter.add("empty", 0.0, 0)
    for value in (1.0, 2.0, 5.0):
        meter.part("sum", value)
    meter.step()
    meter.step()
    meter.most("most", -3.0)
    meter.most("most", -7.0)
    assert meter.means() == {"mean": 2.0, "sum": 4.0, "most": -3.0}
