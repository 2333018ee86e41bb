"""The learner: packed forward passes over rows, and the update of the policy.

It is blind to the algorithm's name: advantages, old log-probs and weights come in, gradients go out. Rows are sorted
by length and cut into micro-batches by tokens; what is averaged is decided over the whole mini-batch before, so that
the cut changes nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from agentrl.config.presets import Preset
from agentrl.config.schema import TrainConfig
from agentrl.losses import (
    aggregate,
    cispo,
    kl,
    nll,
    policy_loss,
    token_weights,
    truncated_is_weights,
    value_loss,
)
from agentrl.policies.language import LanguagePolicy
from agentrl.training.batch import Batch, Row
from agentrl.training.credit import Credit
from agentrl.training.meter import Meter
from agentrl.training.optimizer import Optimizer
from agentrl.training.packing import Flat, micro_batches
from agentrl.training.schedules import learning_rate_factor

Floats = NDArray[np.float64]
_TINY_RATE, _GIVEN_RATE = 2e-4, 1e-6
"""Learning rates of RL: random weights take bold steps, a given model's careful ones."""


@dataclass(slots=True)
class Scores:
    """What forward passes found. Per row (A,): `logprobs`. Per turn (T,): `values`. Per trajectory (M,): `finals`."""

    logprobs: list[Floats]
    values: Floats
    finals: Floats


@dataclass(slots=True)
class _Targets:
    """What the loss needs beside the policy's own scores; per row (A,), and per turn (T,)."""

    old: list[Floats]
    importance: list[Floats] | None
    reference: list[Floats] | None
    credit: Credit
    values: Floats


class Learner:
    """Owns the optimiser of a policy."""

    def __init__(self, policy: LanguagePolicy, config: TrainConfig, preset: Preset, total_updates: int) -> None:
        self.policy, self.config, self.preset = policy, config, preset
        self.total_updates, self.updates = max(1, total_updates), 0
        tiny = config.model_name_or_path is None
        self._rate = config.learning_rate or (_TINY_RATE if tiny else _GIVEN_RATE)
        self.optimizer = Optimizer(policy, config.optimizer or ("muon" if tiny else "adamw"), config.weight_decay)

    @torch.no_grad()
    def score(self, rows: Sequence[Row], policy: LanguagePolicy, *, turns: int = 0, trajectories: int = 0) -> Scores:
        """Log-probs of the sampled tokens under `policy`, and its values if it has a value head."""
        scores = Scores([np.zeros(0)] * len(rows), np.zeros(turns), np.zeros(trajectories))
        for part in micro_batches([len(row.ids) for row in rows], self.config.micro_batch_tokens):
            batch = [rows[index] for index in part]
            hidden, flat = self._hidden(policy, batch)
            found = (
                policy.score(hidden[flat.before], flat.targets, flat.temperature, self.config.logprob_chunk)
                .logprobs.double()
                .cpu()
                .numpy()
            )
            for index, logprobs in zip(part, np.split(found, flat.cuts), strict=True):
                scores.logprobs[index] = logprobs
            if policy.value_head is not None:
                values = policy.values(hidden[torch.cat([flat.states, flat.finals])]).double().cpu().numpy()
                scores.values[flat.turns] = values[: len(flat.turns)]
                scores.finals[[row.trajectory for row in batch if row.final >= 0]] = values[len(flat.turns) :]
        return scores

    def update(
        self,
        batch: Batch,
        credit: Credit,
        *,
        rng: np.random.Generator,
        values: Floats,
        recomputed: list[Floats] | None = None,
        reference: list[Floats] | None = None,
        kl_coef: float = 0.0,
    ) -> dict[str, float]:
        """Update the policy on a batch: `ppo_epochs` passes of `num_minibatches` optimiser steps; returns metrics.

        `recomputed` are the learner's own log-probs before the update, where the engine's are not exact: they become
        the old log-probs, and the difference is weighed by truncated importance sampling. `values` (T,) are the
        critic's before the update. The passes end early when the KL between the sampling policy and the updated one
        exceeds `target_kl` nats per trajectory.
        """
        sampler = [row.logprobs for row in batch.rows]
        targets = _Targets(recomputed or sampler, None, reference, credit, values)
        if recomputed is not None:
            targets.importance = [
                self._importance(own, theirs) for own, theirs in zip(recomputed, sampler, strict=True)
            ]
        meter = Meter()
        for _ in range(self.config.ppo_epochs):
            if not self._epoch(batch, targets, rng, kl_coef, meter):
                break
        return meter.means()

    def imitate(self, rows: Sequence[Row]) -> dict[str, float]:
        """One optimiser step of supervised fine-tuning on the sampled tokens of `rows`, all of equal weight."""
        tokens = sum(len(row.at) for row in rows)
        meter = Meter()
        self.optimizer.zero_grad()
        for part in micro_batches([len(row.ids) for row in rows], self.config.micro_batch_tokens):
            hidden, flat = self._hidden(self.policy, [rows[index] for index in part])
            scores = self.policy.score(hidden[flat.before], flat.targets, 1.0, self.config.logprob_chunk)
            loss = nll(scores.logprobs).sum() / tokens
            loss.backward()
            meter.add("loss", loss.item() * tokens, tokens)
        self._step(meter)
        return meter.means()

    def _epoch(self, batch: Batch, targets: _Targets, rng: np.random.Generator, kl_coef: float, meter: Meter) -> bool:
        """One pass over the batch; False when the policy has moved as far as it may."""
        order = rng.permutation(len(batch.trajectories))
        of_trajectory: dict[int, list[int]] = {}
        for index, row in enumerate(batch.rows):
            of_trajectory.setdefault(row.trajectory, []).append(index)
        for part in np.array_split(order, min(self.config.num_minibatches, len(order))):
            rows = [index for trajectory in part for index in of_trajectory[int(trajectory)]]
            moved = self._minibatch(batch, rows, len(part), targets, kl_coef, meter)
            meter.most("kl/update", moved)
            if self.config.target_kl is not None and moved > self.config.target_kl:
                return False
        return True

    def _minibatch(
        self, batch: Batch, rows: list[int], trajectories: int, targets: _Targets, kl_coef: float, meter: Meter
    ) -> float:
        """One optimiser step; returns the KL in nats per trajectory by which the policy had moved before it."""
        weights = self._weights(batch, rows)
        turns = sum(len(batch.rows[index].turns) for index in rows)
        self.optimizer.zero_grad()
        moved = 0.0
        for part in micro_batches([len(batch.rows[index].ids) for index in rows], self.config.micro_batch_tokens):
            chosen = [rows[position] for position in part]
            weight = torch.from_numpy(np.concatenate([weights[index] for index in chosen])).float()
            loss, drift = self._loss(batch, chosen, weight.to(self.policy.device), turns, targets, kl_coef, meter)
            moved += drift
            if loss.requires_grad:
                loss.backward()
        self._step(meter)
        return moved / trajectories

    def _loss(
        self,
        batch: Batch,
        chosen: list[int],
        weight: Tensor,
        turns: int,
        targets: _Targets,
        kl_coef: float,
        meter: Meter,
    ) -> tuple[Tensor, float]:
        """The loss of some rows, and the sum over their tokens of the KL to the policy that sampled them."""
        config = self.config
        hidden, flat = self._hidden(self.policy, [batch.rows[index] for index in chosen])
        scores = self.policy.score(hidden[flat.before], flat.targets, flat.temperature, config.logprob_chunk)
        old = self._gather(targets.old, chosen)
        advantages = torch.from_numpy(targets.credit.advantages[flat.turn]).float().to(old.device)
        importance = None if targets.importance is None else self._gather(targets.importance, chosen)
        losses, metrics = self._policy_loss(scores.logprobs, old, advantages, flat, importance)
        loss = aggregate(losses, weight) - config.entropy_coef * aggregate(scores.entropy, weight)
        if targets.reference is not None and config.kl_in == "loss" and kl_coef:
            divergence = kl(scores.logprobs, self._gather(targets.reference, chosen), config.kl_estimator)
            loss = loss + kl_coef * aggregate(divergence, weight)
        if targets.credit.returns is not None and len(flat.turns):
            critic = self._value_loss(hidden, flat, targets)
            loss = loss + config.vf_coef * critic.sum() / turns
            meter.add("value/loss", critic.sum().item(), len(flat.turns))
        count = len(flat.targets)
        meter.part("policy/loss", aggregate(losses, weight).item())
        meter.add("policy/entropy", scores.entropy.sum().item(), count)
        meter.add("policy/clip_low", metrics["clip_fraction_low"].item() * count, count)
        meter.add("policy/clip_high", metrics["clip_fraction_high"].item() * count, count)
        meter.most("policy/ratio_max", metrics["ratio_max"].item())
        return loss, metrics["approx_kl"].item() * count

    def _policy_loss(
        self, logprobs: Tensor, old: Tensor, advantages: Tensor, flat: Flat, importance: Tensor | None
    ) -> tuple[Tensor, dict[str, Tensor]]:
        preset = self.preset
        if not len(logprobs):
            return logprobs, dict.fromkeys(
                ("clip_fraction_low", "clip_fraction_high", "ratio_max", "approx_kl"), logprobs.new_zeros(())
            )
        if preset.loss == "cispo":
            return cispo(
                logprobs,
                old,
                advantages,
                clip_low=preset.clip_range,
                clip_high=preset.clip_range_high,
                weights=importance,
            )
        return policy_loss(
            logprobs,
            old,
            advantages,
            clip_low=preset.clip_range,
            clip_high=preset.clip_range_high,
            level=preset.ratio_level,
            sequence_ids=torch.from_numpy(flat.turn).to(old.device),
            weights=importance,
        )

    def _value_loss(self, hidden: Tensor, flat: Flat, targets: _Targets) -> Tensor:
        assert targets.credit.returns is not None
        values = self.policy.values(hidden[flat.states])
        old, returns = (
            torch.from_numpy(source[flat.turns]).float().to(values.device)
            for source in (targets.values, targets.credit.returns)
        )
        return value_loss(values, old, returns, clip=self.config.cliprange_value)

    def _weights(self, batch: Batch, rows: list[int]) -> dict[int, Floats]:
        """The weight of each sampled token of a mini-batch, by row."""
        ids = np.concatenate([np.full(len(batch.rows[index].at), batch.rows[index].trajectory) for index in rows])
        constant = float(self.config.max_new_tokens) if self.preset.aggregate == "constant" else None
        weights = token_weights(torch.from_numpy(ids), self.preset.aggregate, constant=constant).double().numpy()
        cuts = np.cumsum([len(batch.rows[index].at) for index in rows])[:-1]
        return dict(zip(rows, np.split(weights, cuts), strict=True))

    def _hidden(self, policy: LanguagePolicy, rows: Sequence[Row]) -> tuple[Tensor, Flat]:
        hidden, layout = policy.packed_hidden([row.ids.tolist() for row in rows])
        return hidden, Flat(rows, layout.starts)

    def _gather(self, source: Sequence[Floats], chosen: Sequence[int]) -> Tensor:
        return torch.from_numpy(np.concatenate([source[index] for index in chosen])).float().to(self.policy.device)

    def _importance(self, own: Floats, theirs: Floats) -> Floats:
        cap = self.config.truncated_is_cap
        weights: Floats = truncated_is_weights(torch.from_numpy(own), torch.from_numpy(theirs), cap).numpy()
        return weights

    def _step(self, meter: Meter) -> None:
        """Clip the gradient, set the learning rate, step.

        A gradient that is not finite is thrown away. One that is zero, because all groups were constant, teaches
        nothing and must not move the policy: momentum would, and Muon's at full speed.
        """
        decay = self.config.lr_scheduler_type
        rate = self._rate * learning_rate_factor(self.updates, self.total_updates, self.config.warmup_steps, decay)
        norm = torch.nn.utils.clip_grad_norm_(self.policy.parameters(), self.config.max_grad_norm).item()
        self.updates += 1
        meter.step()
        meter.add("policy/grad_norm", norm, 1)
        meter.add("policy/learning_rate", rate, 1)
        if math.isfinite(norm) and norm > 0:
            self.optimizer.step(rate)
