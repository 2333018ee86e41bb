"""`service_desk`: a tool-using agent serves a persona-driven user. See docs/service_desk.md."""

from agentrl.envs.service_desk.aec import ServiceDeskAEC
from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.envs.service_desk.env import ServiceDeskEnv
from agentrl.envs.service_desk.tasks import sample_task

__all__ = ["ServiceDeskAEC", "ServiceDeskEnv", "get_domain", "sample_task"]
