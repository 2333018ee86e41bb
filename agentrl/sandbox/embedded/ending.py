"""How a run ended: from the wait status, the messages of its watch and what the trusted side did to its status."""

import os
import signal
from dataclasses import dataclass
from typing import Any

from agentrl.sandbox.types import Limits, Status

STOP = "stop"
"""In the place of a limit: the caller's descriptor `stop` ended the run."""
_STOPPED = {
    "wall_seconds": Status.TIMEOUT,
    "output_kb": Status.OUTPUT,
    "memory_mb": Status.MEMORY,
    "disk_mb": Status.KILLED,
    "processes": Status.KILLED,
}


@dataclass(frozen=True, slots=True)
class Ending:
    """`exit_code` is None when the sandbox stopped the run; `memory_by` is "" unless the status is MEMORY."""

    status: Status
    limit: str = ""
    exit_code: int | None = None
    memory_by: str = ""


def classify(messages: dict[str, Any], limits: Limits, stopped_by: str, errors: str, group_killed: bool) -> Ending:
    """The ending of a run.

    `messages`: those of the zygote and of the watch, merged (raw wait status, processor seconds, the limit that held).
    `stopped_by`: why the trusted side ended it, or "". `errors`: what is kept of stderr. `group_killed`: the cgroup's
    out-of-memory killer ended one of its processes.
    """
    limit = stopped_by or messages.get("limit", "")
    if limit == STOP:
        return Ending(Status.KILLED)
    if group_killed:
        return Ending(Status.MEMORY, "memory_mb", memory_by="cgroup")
    if limit:
        return Ending(_STOPPED[limit], limit, memory_by=messages.get("by", "") if limit == "memory_mb" else "")
    raw = messages.get("status", messages["end"])
    if os.WIFSIGNALED(raw):
        number = os.WTERMSIG(raw)
        late = number == signal.SIGKILL and messages["cpu"] >= limits.cpu_seconds
        if number == signal.SIGXCPU or late:
            return Ending(Status.CPU, "cpu_seconds")
        return Ending(Status.KILLED, exit_code=-number)
    code = os.WEXITSTATUS(raw)
    if code and _last_line(errors).startswith("MemoryError"):
        return Ending(Status.MEMORY, "memory_mb", code, "rlimit")
    return Ending(Status.ERROR if code else Status.OK, exit_code=code)


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2]
