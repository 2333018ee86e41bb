"""The training loop: collect, credit, update, and keep everything that a later process needs to go on.

The trainer knows neither the environment nor the algorithm: it has a collector and a preset. All random numbers
follow from the seed and the step (`seeds.py`), so a checkpoint holds weights, optimiser state and a few numbers.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from agentrl.config.presets import resolve_preset
from agentrl.config.schema import TrainConfig
from agentrl.engines.embedded import EmbeddedEngine
from agentrl.episode import Episode
from agentrl.errors import ConfigError
from agentrl.evaluation.evaluate import EvalReport, evaluate, evaluation_jobs
from agentrl.evaluation.statistics import judged
from agentrl.losses import kl
from agentrl.policies.language import LanguagePolicy
from agentrl.rollout.collector import Collector
from agentrl.rollout.scripts import policy_seats
from agentrl.runs.checkpoints import save_checkpoint
from agentrl.runs.directory import RunDirectory
from agentrl.runs.health import HealthMonitor
from agentrl.runs.metrics import MetricsWriter, read_metrics
from agentrl.runs.state import read_state, write_state
from agentrl.training.batch import Batch, Row, make_batch
from agentrl.training.credit import Credit, assign_credit
from agentrl.training.failures import check_failures, failures, reasons
from agentrl.training.learner import Learner, Scores
from agentrl.training.rollouts import collect_step
from agentrl.training.schedules import KLController, temperature_at
from agentrl.training.seeds import SHUFFLE
from agentrl.training.stats import explained_variance, mismatch, rollout_metrics

STATE_FILE = "trainer_state.pt"
_MONITOR_ROWS = 32


class Trainer:
    """Trains a policy in the environments of a collector, and writes the run directory."""

    def __init__(
        self,
        config: TrainConfig,
        policy: LanguagePolicy,
        reference: LanguagePolicy | None,
        collector: Collector,
        run: RunDirectory,
    ) -> None:
        self.config, self.policy, self.reference = config, policy, reference
        self.collector, self.run = collector, run
        self.preset = resolve_preset(config)
        self.engine = EmbeddedEngine(policy, slots=config.concurrency * collector.seats, max_context=config.max_context)
        updates = config.max_steps * config.ppo_epochs * config.num_minibatches
        self.learner = Learner(policy, config, self.preset, updates)
        target = config.target_kl if config.kl_controller == "adaptive" else None
        self.controller = KLController(config.init_kl_coef, target)
        self.step = 0
        self.make_seat = policy_seats(self.engine, policy.chat, max_new_tokens=config.max_new_tokens)
        self.writer = MetricsWriter(run)
        self.health = HealthMonitor()

    def train(self, on_step: Callable[[int, dict[str, float], list[str]], bool]) -> None:
        """Run the remaining steps. `on_step` gets each step's metrics and new health messages; False stops the run.

        A checkpoint is saved every `save_steps` steps, at the end, and when the run is stopped.
        """
        goes_on = True
        while goes_on and self.step < self.config.max_steps:
            metrics, episodes = self.train_step()
            if self.config.eval_steps and self.step % self.config.eval_steps == 0:
                report = self.evaluate(self.config.eval_episodes)
                metrics |= {"eval/success": report.overall.success, "eval/reward": report.reward}
                metrics["eval/failed_share"] = report.failed / len(report.episodes)
            self.writer.log(self.step, metrics)
            self.run.log_episodes(self.step, episodes[: self.config.log_episodes])
            messages = self.health.update(self.step, metrics)
            goes_on = on_step(self.step, metrics, messages)
            last = self.step == self.config.max_steps or not goes_on
            if last or self.step % self.config.save_steps == 0:
                self.save()

    def train_step(self) -> tuple[dict[str, float], list[Episode]]:
        """Collect the episodes of one step and learn from them."""
        began, config = time.perf_counter(), self.config
        temperature = temperature_at(self.step, config.max_steps, config.temperature, config.temperature_end)
        sampled = self.engine.sampled_tokens
        rollouts = collect_step(
            self.collector, self.make_seat, config, self.step, temperature, self.preset.dynamic_sampling
        )
        collected = time.perf_counter()
        self._log_failures(f"step {self.step + 1}", rollouts.failures)
        if (said := judged(rollouts.episodes)) and said.note:
            self.run.append_log(f"step {self.step + 1}: {said.note}")
        batch = make_batch(rollouts.episodes, config.reward_mode)
        if not batch.trajectories:
            self._explain_no_actions(rollouts.episodes)
        metrics = rollout_metrics(rollouts, config.group_size)
        if measure := getattr(self.collector.curriculum, "metrics", None):
            metrics |= measure()
        metrics |= self._learn(batch)
        self.engine.load_weights()
        self.step += 1
        ended = time.perf_counter()
        metrics |= {
            "policy/temperature": temperature,
            "time/rollout": collected - began,
            "time/update": ended - collected,
            "time/step": ended - began,
            "throughput/tokens_per_second": (self.engine.sampled_tokens - sampled) / (collected - began),
            "throughput/episodes_per_second": len(rollouts.episodes) / (collected - began),
            "memory/rss_mb": psutil.Process().memory_info().rss / 2**20,
        }
        return metrics, rollouts.episodes

    def evaluate(self, tasks: int, on_episode: Callable[[Episode], None] | None = None) -> EvalReport:
        """Play held-out tasks with the present policy. Raises TooManyFailuresError as a step does."""
        jobs = evaluation_jobs(tasks, 1, "test", self.config.seed, self.config.eval_temperature)
        report = evaluate(self.collector, self.make_seat, jobs, on_episode=on_episode)
        self._log_failures(f"evaluation at step {self.step}", failures(report.episodes))
        check_failures(report.episodes, self.config.max_failed_share, "held-out episodes")
        return report

    def save(self) -> Path:
        """Write a checkpoint of the present step."""
        keep = self.config.save_total_limit
        return save_checkpoint(self.run.checkpoints, self.step, self._write, keep)

    def restore(self, checkpoint: Path) -> None:
        """Go on from a checkpoint, whose weights the policy already has; later lines of the run are forgotten."""
        state = read_state(checkpoint / STATE_FILE)
        self.step = int(state["step"])
        self.learner.updates = int(state["updates"])
        self.learner.optimizer.load_state_dict(state["optimizer"])
        self.controller.coef = float(state["kl_coef"])
        self.engine.policy_version = int(state["policy_version"])
        torch.set_rng_state(state["torch_rng"])
        if self.collector.curriculum and "curriculum" in state:
            self.collector.curriculum.load_state_dict(state["curriculum"])
        self.run.truncate_after(self.step)
        self.writer.truncate_after(self.step)
        self.health = HealthMonitor(read_metrics(self.run.metrics))

    def _write(self, folder: Path) -> None:
        self.policy.save(folder)
        state: dict[str, Any] = {
            "step": self.step,
            "updates": self.learner.updates,
            "optimizer": self.learner.optimizer.state_dict(),
            "kl_coef": self.controller.coef,
            "policy_version": self.engine.policy_version,
            "torch_rng": torch.get_rng_state(),
        }
        if self.collector.curriculum:
            state["curriculum"] = self.collector.curriculum.state_dict()
        write_state(folder / STATE_FILE, state)

    def _log_failures(self, when: str, failed: list[str]) -> None:
        for reason in reasons(failed):
            self.run.append_log(f"{when}: {reason}")

    def _explain_no_actions(self, episodes: Sequence[Episode]) -> None:
        """Raise ConfigError where not a single first prompt of a step left room for an action."""
        cut = [t for episode in episodes if episode.no_room for t in episode.trajectories if not t.turns]
        if cut:
            shortest = min(len(self.policy.chat.start(t.system_prompt, t.final_observation)) for t in cut)
            raise ConfigError(
                f"max_context: no episode of step {self.step + 1} has an action, since the shortest first prompt has "
                f"{shortest} tokens and the context ends at {self.engine.max_context} (max_context="
                f"{self.config.max_context}, the model's limit {self.policy.max_context}). Raise max_context, or "
                "shorten what the environment says."
            )

    def _learn(self, batch: Batch) -> dict[str, float]:
        """Score the batch, assign credit, update the policy."""
        config = self.config
        own = self._own_scores(batch)
        reference = self._reference_logprobs(batch)
        metrics: dict[str, float] = {}
        if reference is not None:
            metrics |= self._divergence(batch, reference)
        penalised = reference if config.init_kl_coef else None
        if penalised is not None and config.kl_in == "reward":
            self._penalise(batch, penalised)
        credit = self._credit(batch, own)
        if credit.returns is not None:
            metrics["value/explained_variance"] = explained_variance(own.values, credit.returns)
        recomputed = None if self.engine.exact else own.logprobs
        if recomputed is not None:
            metrics["policy/mismatch"] = mismatch(recomputed, [row.logprobs for row in batch.rows])
        metrics |= self.learner.update(
            batch,
            credit,
            rng=np.random.default_rng([config.seed, SHUFFLE, self.step]),
            values=own.values,
            recomputed=recomputed,
            reference=penalised,
            kl_coef=self.controller.coef,
        )
        if penalised is not None:
            metrics["kl/coef"] = self.controller.coef
            self.controller.update(metrics["kl/ref"], len(batch.trajectories))
        return metrics

    def _own_scores(self, batch: Batch) -> Scores:
        """The critic's values, and the learner's own log-probs where the engine's are not exact."""
        needed = self.preset.critic or not self.engine.exact
        return self.learner.score(
            batch.rows if needed else [],
            self.policy,
            turns=len(batch.rewards),
            trajectories=len(batch.trajectories),
        )

    def _reference_logprobs(self, batch: Batch) -> list[np.ndarray] | None:
        """Log-probs under the initial policy: of all rows where the KL is penalised, else of a few, to watch it."""
        if self.reference is None:
            return None
        return self.learner.score(self._watched(batch), self.reference).logprobs

    def _watched(self, batch: Batch) -> list[Row]:
        """The rows whose KL is computed: all where it is penalised, else some spread over the batch."""
        return batch.rows if self.config.init_kl_coef else batch.rows[:: max(1, len(batch.rows) // _MONITOR_ROWS)]

    def _divergence(self, batch: Batch, reference: Sequence[np.ndarray]) -> dict[str, float]:
        """The KL to the reference in nats per trajectory, by the k3 estimate."""
        rows = self._watched(batch)
        total = sum(
            float(kl(torch.from_numpy(row.logprobs), torch.from_numpy(logprobs), "k3").sum())
            for row, logprobs in zip(rows, reference, strict=True)
        )
        return {"kl/ref": total / max(1, len({row.trajectory for row in rows}))}

    def _penalise(self, batch: Batch, reference: Sequence[np.ndarray]) -> None:
        """Subtract the KL of each turn's tokens from its reward."""
        for row, logprobs in zip(batch.rows, reference, strict=True):
            estimate = kl(torch.from_numpy(row.logprobs), torch.from_numpy(logprobs), self.config.kl_estimator)
            np.subtract.at(batch.rewards, row.turn, self.controller.coef * estimate.numpy())

    def _credit(self, batch: Batch, own: Scores) -> Credit:
        return assign_credit(
            batch,
            self.preset,
            gamma=self.config.gamma,
            lam=self.config.lam,
            values=own.values,
            final_values=own.finals,
        )
