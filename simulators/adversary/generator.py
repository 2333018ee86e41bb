"""The generator of adversarial tasks: proposes, proves, remembers what the present policy is learning from."""

import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from agentrl.errors import UserError
from agentrl.simulators.adversary.archive import Archive, worth
from agentrl.simulators.adversary.bandit import Bandit
from agentrl.simulators.adversary.gate import Rejection, is_refusal, prove
from agentrl.simulators.adversary.registry import applicable, apply
from agentrl.simulators.adversary.settings import Settings
from agentrl.simulators.adversary.world import Play, World
from agentrl.simulators.models import UserTask
from agentrl.simulators.users import seeded

TRIES: Final = 40
"""How many candidates one proposal may cost."""
FROM_ELITE: Final = 0.4
"""How many proposals begin with an elite and not with a plain task."""
RENEWALS: Final = 4
"""How many plain tasks an elite's operators are tried on."""

Base = Callable[[random.Random], UserTask]
"""Draws a plain task."""


class Generator:
    """Draws tasks by seed and learns from reports. `world` and `play` belong to the environment."""

    def __init__(
        self, base: Base, world: Callable[[UserTask], World], play: Play, settings: Settings | None = None
    ) -> None:
        self.base, self.world, self.play = base, world, play
        self.settings = settings or Settings()
        self.archive = Archive(aim=self.settings.aim)
        self.bandit = Bandit()
        self.solved: set[str] = set()
        """The operators with which the policy has ever solved a task."""
        self.drawn: Counter[str] = Counter()
        """How many adversarial tasks were drawn ("all"), how many of them were about refusing ("refusal"), and how many
        times a plain task took the place of one that could not be made ("given up")."""
        self.proven: Counter[str] = Counter()
        self.rejected: dict[str, Counter[str]] = {}
        """By operator: how many candidates were proven, and why others were not."""

    def draw(self, seed: int) -> UserTask:
        """The task of this seed, given everything that was drawn and reported before: plain or adversarial."""
        rng = seeded("adversary", seed)
        hard = rng.random() < self.settings.share
        return self.adversarial_or_plain(rng, self.may_refuse) if hard else self.base(rng)

    @property
    def may_refuse(self) -> bool:
        """Whether the next task may be about refusing: the share of such tasks so far has room for one."""
        return self.drawn["refusal"] + 1 <= self.settings.refusals * (self.drawn["all"] + 1)

    def adversarial_or_plain(self, rng: random.Random, may_refuse: bool) -> UserTask:
        """An adversarial task. Where none can be made, a plain one takes its place: that is no reason to end a
        training or an evaluation, and it is counted."""
        try:
            return self.adversarial(rng, may_refuse)
        except UserError:
            self.drawn["given up"] += 1
            return self.base(rng)

    def adversarial(self, rng: random.Random, may_refuse: bool) -> UserTask:
        """An adversarial task with its proof. Raises `UserError` when none of many candidates can be used."""
        task = None
        if self.settings.adaptive and rng.random() >= self.settings.fresh:
            task = self.archive.pick(rng, lambda elite: may_refuse or not is_refusal(elite))
            if task is not None and rng.random() < self.settings.renew:
                task = self._renewed(task, rng, may_refuse) or task
        task = task or self.propose(rng, may_refuse)
        self.drawn["all"] += 1
        self.drawn["refusal"] += is_refusal(task)
        self.bandit.drawn(op.name for op in task.ops)
        return task

    def propose(self, rng: random.Random, may_refuse: bool = True) -> UserTask:
        """A new task that was proven. Raises `UserError` when none of many candidates can be."""
        reasons: Counter[str] = Counter()
        failed: set[str] = set()
        for _ in range(TRIES):
            candidate = self._candidate(rng, failed)
            if candidate is None:
                reasons["no operator could be applied"] += 1
                continue
            # The bandit alone would name its favourite again and again.
            failed |= {op.name for op in candidate.ops}
            proven = self._prove(candidate, may_refuse)
            if isinstance(proven, UserTask):
                return proven
            reasons[proven.reason] += 1
        most = reasons.most_common(1)[0][0]
        raise UserError(f"the adversary: none of {TRIES} candidates could be used; mostly: {most}")

    def report(self, task: UserTask, successes: Sequence[bool]) -> None:
        """What the present policy made of a task that was drawn: the successes of its group of episodes."""
        if not task.ops or not successes:
            return
        self.archive.report(task, successes)
        names = [op.name for op in task.ops]
        if any(successes):
            self.solved.update(names)
        p = sum(map(bool, successes)) / len(successes)
        self.bandit.update(names, worth(self.settings.aim, p, self.solved.issuperset(names)))

    def state_dict(self) -> dict[str, Any]:
        """Everything that changes, as plain values: it goes with the checkpoint."""
        return {
            "archive": self.archive.state_dict(),
            "bandit": self.bandit.state_dict(),
            "solved": sorted(self.solved),
            "drawn": dict(self.drawn),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on from a state. Elites that the settings do not allow, which may have changed, are left behind."""
        self.archive.load_state_dict(state["archive"])
        self.archive.keep(lambda task: self.settings.allows([op.name for op in task.ops]))
        self.bandit.load_state_dict(state["bandit"])
        self.solved = set(state["solved"])
        self.drawn = Counter(state["drawn"])

    def _candidate(self, rng: random.Random, failed: set[str]) -> UserTask | None:
        """A task to prove: with the best operators that can be applied, those that failed only if no other can."""
        task, more = None, 1
        if self.settings.adaptive and rng.random() < FROM_ELITE:
            task = self.archive.pick(rng, lambda elite: len(elite.ops) < self.settings.depth)
        if task is None:
            task, more = self.base(rng), rng.randint(1, self.settings.depth)
        for _ in range(more):
            together = [op.name for op in task.ops]
            names = applicable(task, self.settings.operators)
            names = [name for name in names if self.settings.allows([*together, name])]
            names = self.bandit.ranked(names, rng) if self.settings.adaptive else rng.sample(names, len(names))
            harder = (apply(task, [name], rng, self.world(task)) for name in sorted(names, key=failed.__contains__))
            task = next(filter(None, harder), task)
        return task if task.ops and task.proof is None else None

    def _renewed(self, elite: UserTask, rng: random.Random, may_refuse: bool) -> UserTask | None:
        """The elite's operators on other plain tasks, until one can be proven."""
        for _ in range(RENEWALS):
            base = self.base(rng)
            candidate = apply(base, [op.name for op in elite.ops], rng, self.world(base))
            proven = None if candidate is None else self._prove(candidate, may_refuse)
            if isinstance(proven, UserTask):
                return proven
        return None

    def _prove(self, candidate: UserTask, may_refuse: bool) -> UserTask | Rejection:
        if is_refusal(candidate) and not may_refuse:
            return Rejection("enough tasks of refusal already")
        proof = prove(candidate, self.world(candidate), self.play)
        for op in candidate.ops:
            if isinstance(proof, Rejection):
                self.rejected.setdefault(op.name, Counter())[proof.reason.partition(" (user seed")[0]] += 1
            else:
                self.proven[op.name] += 1
        if isinstance(proof, Rejection):
            return proof
        task = candidate.model_copy(update={"proof": proof})
        return task if may_refuse or not is_refusal(task) else Rejection("enough tasks of refusal already")
