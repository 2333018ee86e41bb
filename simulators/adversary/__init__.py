"""Adversarial users with a proof that each of their tasks can be solved. See docs/adversary.md."""

from agentrl.simulators.adversary.archive import Archive, Elite
from agentrl.simulators.adversary.bandit import Bandit
from agentrl.simulators.adversary.files import read_tasks, write_tasks
from agentrl.simulators.adversary.gate import SEEDS, Rejection, domain_changed, is_refusal, prove, verify
from agentrl.simulators.adversary.generator import Generator
from agentrl.simulators.adversary.operator import CATEGORIES, MAX_DEPTH, Operator
from agentrl.simulators.adversary.registry import OPERATORS, applicable, apply
from agentrl.simulators.adversary.settings import Settings
from agentrl.simulators.adversary.world import Passive, Play, Playback, World

__all__ = [
    "CATEGORIES",
    "MAX_DEPTH",
    "OPERATORS",
    "SEEDS",
    "Archive",
    "Bandit",
    "Elite",
    "Generator",
    "Operator",
    "Passive",
    "Play",
    "Playback",
    "Rejection",
    "Settings",
    "World",
    "applicable",
    "apply",
    "domain_changed",
    "is_refusal",
    "prove",
    "read_tasks",
    "verify",
    "write_tasks",
]
