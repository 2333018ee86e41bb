"""What a language model that plays a user sees of the conversation: a bounded part, however much an agent writes.

Otherwise an agent could make a lost dialogue FAILED, and so uncounted, by overflowing its user's context, or by words
that a provider refuses to answer.
"""

from collections.abc import Callable, Sequence
from typing import Final

from agentrl.errors import ContextError
from agentrl.simulators.endpoint import Message

LONGEST_READ: Final = 4_000
"""Characters of one message of an agent that a user reads."""
_LONGEST_CONVERSATION: Final = 16_000
"""Characters that are remembered at most, the last message beside them."""
_SHORTEST: Final = 200
"""A last message of no more characters is not cut further, but left out."""
_CUT: Final = " [...]"


def read_part(text: str) -> str:
    """What a user reads of an agent's message: its beginning, where it is too long to be read."""
    return text if len(text) <= LONGEST_READ + len(_CUT) else text[:LONGEST_READ] + _CUT


class Memory:
    """Messages of an agent ("user") and of the user ("assistant") in turn; the oldest are forgotten in pairs."""

    def __init__(self, system: str, begin: str) -> None:
        self._system: Message = {"role": "system", "content": system}
        self._messages: list[Message] = [{"role": "user", "content": begin}]
        self.heard = [begin]
        """Everything that the agent wrote and the user read, also what the model is not shown any more."""

    def hear(self, text: str) -> str:
        """Adds what the agent wrote; what of it the user reads."""
        text = read_part(text)
        self.heard.append(text)
        while sum(len(message["content"]) for message in self._messages) > _LONGEST_CONVERSATION:
            del self._messages[:2]
        self._messages.append({"role": "user", "content": text})
        return text

    def say(self, text: str) -> None:
        """Adds what the user answered."""
        self._messages.append({"role": "assistant", "content": text})

    def ask(self, respond: Callable[[Sequence[Message], int], str], seed: int, note: str = "") -> str:
        """What `respond` makes of the conversation, with a note at its end.

        Where it does not fit, or is refused, the older half is forgotten, and at last the message is cut that is to be
        answered, down to nothing.
        Raises ContextError when not even that helps, and what else `respond` raises.
        """
        while True:
            last = f"{self._messages[-1]['content']}\n\n{note}" if note else self._messages[-1]["content"]
            try:
                return respond([self._system, *self._messages[:-1], {"role": "user", "content": last}], seed)
            except ContextError:
                if not self._shorten():
                    raise

    def _shorten(self) -> bool:
        """Forgets or cuts something; whether there was anything left."""
        if len(self._messages) > 1:
            del self._messages[: max(1, len(self._messages) // 4) * 2]
            return True
        text = self._messages[0]["content"].removesuffix(_CUT)
        if len(text) <= _SHORTEST:
            # Not the length, then: its words may be what a filter refuses, and a user does not read these either.
            unread = _CUT.strip()
            if len(self.heard) == 1 or self._messages[0]["content"] == unread:
                return False
            self._messages[0] = {"role": "user", "content": unread}
            return True
        self._messages[0] = {"role": "user", "content": text[: max(_SHORTEST, len(text) // 2)] + _CUT}
        return True
