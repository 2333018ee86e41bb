"""The sandboxes of this process: closed when it ends, and let go of in its forked children."""

import atexit
import os
import weakref
from typing import Protocol


class Living(Protocol):
    """What a back-end must offer for that."""

    def close(self) -> None:
        """End all that the sandbox started. Closing twice is allowed."""

    def forget(self) -> None:
        """In a forked child: let go of what is the parent's, without ending it."""


_living: "weakref.WeakSet[Living]" = weakref.WeakSet()


def register(sandbox: Living) -> None:
    """Close `sandbox` at the end of this process at the latest."""
    _living.add(sandbox)


def _close_all() -> None:
    for sandbox in list(_living):
        sandbox.close()


def _forget_all() -> None:
    for sandbox in list(_living):
        sandbox.forget()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forget_all)
