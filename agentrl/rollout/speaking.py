"""One of our own policies as a simulated user: what `env_args.user=policy` of `service_desk` makes.

The environment finds it by an entry point, since it knows no model itself.
"""

import asyncio
import itertools
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path

from agentrl.chat import ChatFormat
from agentrl.engines.base import Engine, Sampling
from agentrl.errors import CheckpointError, ConfigError, ContextError, EndpointError
from agentrl.runs.checkpoints import find_checkpoint
from agentrl.runs.directory import RunDirectory
from agentrl.simulators.completions import without_thoughts
from agentrl.simulators.endpoint import Message
from agentrl.simulators.models import UserTask
from agentrl.simulators.ontology import Ontology
from agentrl.simulators.policy_user import PolicyUser

_SLOTS = 32
"""Users who are answered at once; the others wait."""
_PATIENCE = 300.0


class Speaker:
    """A policy that answers messages, for many threads at once; its engine runs in a thread of its own.

    Raises ContextError where the conversation does not fit the context, EndpointError where the engine fails.
    """

    def __init__(self, engine: Engine, chat: ChatFormat, temperature: float, max_tokens: int) -> None:
        self._engine, self._chat = engine, chat
        self._temperature, self._max_tokens = temperature, max_tokens
        self._numbers = itertools.count()
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True, name="agentrl-user").start()

    def __call__(self, messages: Sequence[Message], seed: int) -> str:
        """What the policy says next, without its thoughts."""
        return asyncio.run_coroutine_threadsafe(self._answer(messages, seed), self._loop).result(_PATIENCE)

    async def _answer(self, messages: Sequence[Message], seed: int) -> str:
        prompt = self._chat.conversation(messages)
        room = self._engine.max_context
        if len(prompt) + self._max_tokens > room:
            raise ContextError(
                f"the user's conversation of {len(prompt)} tokens, with max_tokens={self._max_tokens} for the answer, "
                f"does not fit its context of {room}; raise max_context"
            )
        session = f"user-{next(self._numbers)}"
        sampling = Sampling(self._temperature, 1.0, self._max_tokens, seed)
        try:
            generation = await self._engine.generate(prompt, sampling, session=session)
        except RuntimeError as error:  # torch: out of memory, say
            raise EndpointError(f"the policy that plays the user failed: {error}") from error
        finally:
            self._engine.release(session)
        return without_thoughts(self._chat.text(generation.ids))


def policy_users(
    model: str, *, temperature: float = 1.0, max_tokens: int = 64, max_context: int = 2048
) -> Callable[[UserTask, Ontology, int], PolicyUser]:
    """Users played by a run (its newest checkpoint at this moment) or a model's folder or hub id.

    The policy is loaded once in a process, however many environments ask for it, and does not learn. Raises
    ModelError or CheckpointError when it can't be loaded, ConfigError for settings that don't fit together.
    """
    if temperature < 0 or max_tokens < 1 or max_context <= max_tokens:
        raise ConfigError(
            f"env_args.user_args: temperature={temperature:g}, max_tokens={max_tokens} and max_context={max_context} "
            "don't fit together"
        )
    speaker = _speaker(_folder(model), temperature, max_tokens, max_context)
    return lambda task, ontology, seed: PolicyUser(task, ontology, speaker, seed)


def _folder(model: str) -> str:
    """The newest checkpoint where the model is a run, else what was given."""
    run = RunDirectory(Path(model))
    if not run.config.is_file():
        return model
    for place in (run.checkpoints, run.path / "initial"):
        found, _ = find_checkpoint(place)
        if found is not None:
            return str(found)
    raise CheckpointError(f"env_args.user_model={model}: the run holds no whole checkpoint")


@lru_cache(maxsize=4)
def _speaker(folder: str, temperature: float, max_tokens: int, max_context: int) -> Speaker:
    from agentrl.engines.embedded import EmbeddedEngine
    from agentrl.policies.loading import load_policy
    from agentrl.runtime import quiet_libraries

    quiet_libraries()
    policy = load_policy(folder)
    engine = EmbeddedEngine(policy, slots=_SLOTS, max_context=max_context)
    return Speaker(engine, policy.chat, temperature, max_tokens)
