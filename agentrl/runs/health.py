"""The run watches its own numbers and says in plain words what is wrong and what to try.

Each rule looks at the columns of metrics.jsonl (a list of values per name, oldest first) and returns a message or "".
The thresholds are explained in docs/metrics.md.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import fmean, median

Columns = Mapping[str, Sequence[float]]
Rule = Callable[[Columns], str]

RECENT = 3
"""A noisy number is judged by the median of this many steps, so that one wild step is no symptom."""
FLAT_STEPS = 20
"""Steps without a rise until the reward is called flat."""
CLEAR_AFTER = 5
"""Steps in a row without the symptom until a message counts as cleared, and may be said again."""
CLEAR_SLOWLY = {"flat reward": FLAT_STEPS}
"""The same for rules whose verdict is noisy by nature."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A message, the step at which it was said, and the step at which it had cleared (None: it holds)."""

    step: int
    rule: str
    text: str
    cleared: int | None = None


class HealthMonitor:
    """Says each message once, and again only after it had cleared."""

    def __init__(self, history: Iterable[Mapping[str, float]] = ()) -> None:
        """`history` holds the metrics so far of a run that is resumed (`read_metrics`); they are not judged aloud."""
        self._columns: dict[str, list[float]] = {}
        self._calm: dict[str, int] = {}
        self.findings: list[Finding] = []
        for row in history:
            self.update(int(row["step"]), row)

    def update(self, step: int, metrics: Mapping[str, float]) -> list[str]:
        """Take in the metrics of a step and return the messages that are new."""
        for name, value in metrics.items():
            self._columns.setdefault(name, []).append(value)
        said = []
        for name, rule in RULES.items():
            text = rule(self._columns)
            if text and name not in self._calm:
                said.append(text)
                self.findings.append(Finding(step, name, text))
            if text:
                self._calm[name] = 0
            elif name in self._calm:
                self._settle(name, step)
        return said

    def _settle(self, name: str, step: int) -> None:
        self._calm[name] += 1
        if self._calm[name] < CLEAR_SLOWLY.get(name, CLEAR_AFTER):
            return
        del self._calm[name]
        last = max(i for i, finding in enumerate(self.findings) if finding.rule == name)
        self.findings[last] = replace(self.findings[last], cleared=step)


def check(history: Iterable[Mapping[str, float]]) -> list[Finding]:
    """All findings of a run, from the rows of its metrics.jsonl."""
    return HealthMonitor(history).findings


def _kl(columns: Columns) -> str:
    kl = _recent(columns, "kl/ref")
    if kl is None or kl <= 5:
        return ""
    return (
        f"KL to the reference is {kl:.1f} nats per trajectory (1 to 5 is healthy): the policy has moved far from where "
        "it started and may be exploiting the reward. Raise init_kl_coef, or lower learning_rate."
    )


def _entropy_collapse(columns: Columns) -> str:
    entropy, first = _recent(columns, "policy/entropy"), _first(columns, "policy/entropy")
    if entropy is None or first is None or _near_top(columns) or (entropy >= 0.05 * first and entropy >= 0.02):
        return ""
    return (
        f"Entropy has collapsed to {entropy:.3f} nats per token (it began at {first:.3f}), and the reward is not near "
        "its top: the policy hardly explores any more. Raise entropy_coef, clip_range_high or temperature, lower "
        "learning_rate, or go back to an earlier checkpoint."
    )


def _entropy_explosion(columns: Columns) -> str:
    entropy, first = _recent(columns, "policy/entropy"), _first(columns, "policy/entropy")
    if entropy is None or first is None or entropy <= max(3 * first, 1.0):
        return ""
    return (
        f"Entropy has grown to {entropy:.2f} nats per token (it began at {first:.2f}): the policy is turning random. "
        "Lower entropy_coef, temperature or learning_rate."
    )


def _constant_groups(columns: Columns) -> str:
    share, level = _recent(columns, "groups/constant_share"), _recent(columns, "reward/mean")
    if share is None or level is None or share <= 0.9:
        return ""
    success = _recent(columns, "reward/success")
    level = level if success is None else success
    easy = "too easy: nearly all succeed. Use harder tasks, or stop here."
    hard = "too hard: nearly all fail. Use easier tasks, more cold_start_episodes, or a reward for partial progress."
    return (
        f"In {share:.0%} of the groups all episodes got the same reward, which teaches nothing. The tasks are "
        f"{easy if level >= 0.5 else hard} A larger group_size or dynamic_sampling=true finds the ones between."
    )


def _flat_reward(columns: Columns) -> str:
    rewards = _finite(columns, "reward/mean")[-FLAT_STEPS:]
    if len(rewards) < FLAT_STEPS or _near_top(columns) or _rises(rewards):
        return ""
    half = FLAT_STEPS // 2
    return (
        f"The reward has not risen for {FLAT_STEPS} steps ({fmean(rewards[:half]):.3f} → {fmean(rewards[half:]):.3f}). "
        "Look at episodes in the report; try a higher learning_rate, more episodes per step (num_groups), a larger "
        "group_size or temperature, or easier tasks."
    )


def _cut_actions(columns: Columns) -> str:
    share = _recent(columns, "episode/length_stop_share")
    if share is None or share <= 0.3:
        return ""
    return (
        f"{share:.0%} of the actions were cut off by max_new_tokens before the policy ended them. Raise max_new_tokens "
        "(and max_context), or reward shorter answers."
    )


def _no_room(columns: Columns) -> str:
    share = _recent(columns, "episode/no_room_share")
    if share is None or share <= 0.1:
        return ""
    return (
        f"{share:.0%} of the episodes ended because the conversation left no room for an action in max_context. Raise "
        "max_context, shorten what the environment says, or allow fewer turns."
    )


def _failed(columns: Columns) -> str:
    share = _recent(columns, "episode/failed_share", steps=1)
    if share is None or share <= 0:
        return ""
    return (
        f"{share:.1%} of the episodes FAILED: the environment or the sandbox broke, not the policy. They are left out "
        "of training. The reasons are in run.log."
    )


def _mismatch(columns: Columns) -> str:
    difference = _recent(columns, "policy/mismatch")
    if difference is None or difference <= 0.02:
        return ""
    return (
        f"The sampler's and the trainer's log-probs differ by {difference:.3f} nats per token on average (below "
        "0.02 is healthy): the policy learns from actions that it would not have taken so. Check that both use "
        "the same weights, temperature and precision."
    )


def _not_finite(columns: Columns) -> str:
    broken = [
        name
        for name in ("policy/loss", "policy/grad_norm", "value/loss")
        if columns.get(name) and not math.isfinite(columns[name][-1])
    ]
    if not broken:
        return ""
    return (
        f"{' and '.join(broken)} is not a number: the update is broken. Go back to the last checkpoint, and lower "
        "learning_rate or max_grad_norm."
    )


def _exploding_gradient(columns: Columns) -> str:
    norms = _finite(columns, "policy/grad_norm")
    before, now = norms[:-RECENT], _recent(columns, "policy/grad_norm")
    if now is None or len(before) < 10 or now <= 10 * (usual := median(before)):
        return ""
    return (
        f"The gradient norm has jumped from about {usual:.2g} to {now:.2g}. It is clipped to max_grad_norm, but "
        "steps this wild seldom help. Lower learning_rate, or raise num_groups."
    )


def _replaced_users(columns: Columns) -> str:
    share = _recent(columns, "users/template_share")
    if share is None or share <= 0.2:
        return ""
    return (
        f"The language model that words the users could not be kept to what they mean in {share:.0%} of its turns: "
        "there a template spoke instead. Take a better model, or user=agenda, which is what this has nearly become."
    )


def _useless_critic(columns: Columns) -> str:
    explained = _finite(columns, "value/explained_variance")[-10:]
    if len(explained) < 10 or max(explained) >= 0:
        return ""
    return (
        f"The critic has been worse than a constant for 10 steps (explained variance {fmean(explained):.2f}; above "
        "0 is useful, 1 is perfect). Raise vf_coef, ppo_epochs or num_groups, or use algo=grpo, which needs no critic."
    )


RULES: Mapping[str, Rule] = {
    "kl": _kl,
    "entropy collapse": _entropy_collapse,
    "entropy explosion": _entropy_explosion,
    "constant groups": _constant_groups,
    "flat reward": _flat_reward,
    "cut actions": _cut_actions,
    "no room left": _no_room,
    "failed episodes": _failed,
    "mismatch": _mismatch,
    "not a number": _not_finite,
    "exploding gradient": _exploding_gradient,
    "useless critic": _useless_critic,
    "replaced users": _replaced_users,
}
"""The rules by name, in the order in which their messages are said."""


def _finite(columns: Columns, name: str) -> list[float]:
    """The last 64 values of a column (no rule looks further back) that are numbers."""
    return [value for value in columns.get(name, ())[-64:] if math.isfinite(value)]


def _recent(columns: Columns, name: str, steps: int = RECENT) -> float | None:
    """The median of the last values, or None while there are fewer than `steps`."""
    values = _finite(columns, name)[-steps:]
    return median(values) if len(values) == steps else None


def _first(columns: Columns, name: str) -> float | None:
    """The mean of the first values, or None while these are the recent ones too."""
    values = [value for value in columns.get(name, ())[:RECENT] if math.isfinite(value)]
    return fmean(values) if values and len(columns[name]) > RECENT else None


def _near_top(columns: Columns) -> bool:
    """Whether at least 90 % succeed (of a reward's mean, where success is not logged: rewards end at 1 by custom)."""
    success = _recent(columns, "reward/success")
    level = _recent(columns, "reward/mean") if success is None else success
    return level is not None and level >= 0.9


def _rises(values: Sequence[float]) -> bool:
    """Whether the least-squares slope is positive by more than its standard error."""
    count, middle, mean = len(values), (len(values) - 1) / 2, fmean(values)
    spread = sum((x - middle) ** 2 for x in range(count))
    slope = sum((x - middle) * (y - mean) for x, y in enumerate(values)) / spread
    residual = sum((y - mean - slope * (x - middle)) ** 2 for x, y in enumerate(values))
    return slope > max(math.sqrt(residual / (count - 2) / spread), 1e-9)
