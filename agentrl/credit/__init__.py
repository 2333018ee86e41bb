"""Credit: which share of the reward belongs to which trajectory or turn. Pure numpy in float64, no model."""

from agentrl.credit.gae import gae, gae_arrays, gae_trajectory
from agentrl.credit.groups import by_agent, group_relative, leave_one_out, reinforce_pp, whiten

__all__ = [
    "by_agent",
    "gae",
    "gae_arrays",
    "gae_trajectory",
    "group_relative",
    "leave_one_out",
    "reinforce_pp",
    "whiten",
]
