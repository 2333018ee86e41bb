"""What a run writes: the two pipes of its standard output and error, read to the end and kept in part."""

import os
import select
from typing import Final

from agentrl.sandbox.embedded import handover
from agentrl.sandbox.embedded.capture import Capture

_CHUNK: Final = 1 << 16


class Streams:
    """Both ends of the pipes. `theirs` are the program's; `close` closes what is open of either side."""

    def __init__(self, kept: int) -> None:
        """Of each stream so many bytes are kept: the beginning of the output, the end of the errors. Raises OSError."""
        stdout, their_stdout, stderr, their_stderr = handover.two_pipes()
        self.theirs = [their_stdout, their_stderr]
        self.output, self.errors = Capture(kept, keep_end=False), Capture(kept, keep_end=True)
        self._captures = {stdout: self.output, stderr: self.errors}

    def __contains__(self, descriptor: int) -> bool:
        return descriptor in self._captures

    @property
    def total(self) -> int:
        """How many bytes were read."""
        return self.output.total + self.errors.total

    @property
    def truncated(self) -> bool:
        """Whether something was not kept."""
        return self.output.truncated or self.errors.truncated

    def listen(self, poll: select.poll) -> None:
        """Let `poll` tell when there is something to read."""
        for descriptor in self._captures:
            poll.register(descriptor, select.POLLIN)

    def read(self, descriptor: int, poll: select.poll) -> None:
        """Take in what is there. At the end of the stream `poll` forgets it."""
        data = os.read(descriptor, _CHUNK)
        self._captures[descriptor].add(data)
        if not data:
            poll.unregister(descriptor)

    def drain(self) -> None:
        """Read what is left in the pipes. Never waits: outside namespaces a stray process may hold them open."""
        for descriptor, capture in self._captures.items():
            os.set_blocking(descriptor, False)
            try:
                while data := os.read(descriptor, _CHUNK):
                    capture.add(data)
            except BlockingIOError:
                continue

    def close_theirs(self) -> None:
        """Close the program's ends: from then on the streams end with the program."""
        while self.theirs:
            os.close(self.theirs.pop())

    def close(self) -> None:
        """Close all that is open."""
        self.close_theirs()
        for descriptor in self._captures:
            os.close(descriptor)
