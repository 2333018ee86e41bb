"""What comes back about a run, from the zygote and the run's watch: JSON objects, taken in only if they make sense."""

import json
import math
import os
from collections.abc import Callable
from typing import Any

LIMITS_HELD = ("", "memory_mb", "processes", "disk_mb")


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 53


def _is_status(value: Any) -> bool:
    return _is_count(value) and value <= 0xFFFF and (os.WIFEXITED(value) or os.WIFSIGNALED(value))


def _is_seconds(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value) and value >= 0


def _is_text(value: Any) -> bool:
    return type(value) is str


_FIELDS: dict[str, Callable[[Any], bool]] = {
    "started": _is_count,
    "directory": _is_text,
    "status": _is_status,
    "limit": lambda value: value in LIMITS_HELD,
    "by": lambda value: value in ("", "watcher", "cgroup"),
    "ungrouped": _is_text,
    "failed": _is_text,
    "end": _is_status,
    "cpu": _is_seconds,
    "rss": _is_count,
}


def parse(data: bytes) -> dict[str, Any]:
    """One message; of its fields those that are known. Raises ValueError when it is none."""
    try:
        message = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if type(message) is not dict:
        raise ValueError("no object")
    known = {name: value for name, value in message.items() if name in _FIELDS}
    wrong = [name for name, value in known.items() if not _FIELDS[name](value)]
    if wrong or ("end" in known and not {"cpu", "rss"} <= set(known)):
        raise ValueError(f"malformed: {', '.join(wrong) or 'an end without cpu and rss'}")
    return known
