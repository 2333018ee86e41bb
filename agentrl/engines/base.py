"""What an engine is: token ids in, token ids out, many requests at once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from agentrl.episode import Stop


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to sample one action.

    `temperature` 0 is greedy. `seed` alone decides the random numbers of the request, so that a request's answer does
    not depend on what else is in the batch.
    """

    temperature: float = 1.0
    top_p: float = 1.0
    max_new_tokens: int = 128
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Generation:
    """A sampled action: its ids (the stop id included), their log-probs in nats, and why it ended."""

    ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    stop: Stop
    policy_version: int


class Engine(Protocol):
    """Generates actions.

    `exact` tells whether its log-probs equal the learner's to float32 accuracy; where they don't, the learner computes
    its own and weighs the difference.
    """

    exact: bool
    policy_version: int
    max_context: int

    async def generate(self, prompt: Sequence[int], sampling: Sampling, *, session: str) -> Generation:
        """Sample an action after `prompt`. Requests of one `session` share what has been computed for it."""

    def release(self, session: str) -> None:
        """Forget a session; its conversation is over."""

    def load_weights(self) -> None:
        """Take over the learner's present weights; what is generated afterwards carries the next policy version."""
