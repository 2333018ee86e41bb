"""A user that a language model behind an endpoint plays."""

from agentrl.simulators.endpoint import Endpoint
from agentrl.simulators.models import UserTask
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.policy_user import PolicyUser

__all__ = ["Endpoint", "LLMUser"]


class LLMUser(PolicyUser):
    """A `PolicyUser` whose words come from an OpenAI-compatible endpoint. `open` and `reply` raise EndpointError."""

    def __init__(self, task: UserTask, ontology: Ontology, endpoint: Endpoint, seed: int = 0) -> None:
        super().__init__(task, ontology, endpoint.chat, seed)
