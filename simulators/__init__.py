"""Simulated users, and the generator of adversarial ones. See docs/simulators.md."""

from agentrl.simulators.agenda import StateView
from agentrl.simulators.descriptions import describe
from agentrl.simulators.endpoint import Endpoint
from agentrl.simulators.hybrid import HybridUser
from agentrl.simulators.llm import LLMUser
from agentrl.simulators.models import (
    DialogueAct,
    EmotionSpec,
    NoiseSpec,
    Op,
    Persona,
    SolvabilityProof,
    SubGoal,
    ToolCall,
    Trigger,
    UserGoal,
    UserTask,
    UserTurn,
)
from agentrl.simulators.nlg import entities, render
from agentrl.simulators.nlu import understand
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.personas import DEFAULT, Distributions, PersonaSampler, load_personas
from agentrl.simulators.policy_user import PolicyUser
from agentrl.simulators.schema import Intent, Slot
from agentrl.simulators.users import AgendaUser, User

__all__ = [
    "DEFAULT",
    "AgendaUser",
    "DialogueAct",
    "Distributions",
    "EmotionSpec",
    "Endpoint",
    "HybridUser",
    "Intent",
    "LLMUser",
    "NoiseSpec",
    "Ontology",
    "Op",
    "Persona",
    "PersonaSampler",
    "PolicyUser",
    "Slot",
    "SolvabilityProof",
    "StateView",
    "SubGoal",
    "ToolCall",
    "Trigger",
    "User",
    "UserGoal",
    "UserTask",
    "UserTurn",
    "describe",
    "entities",
    "load_personas",
    "render",
    "understand",
]
