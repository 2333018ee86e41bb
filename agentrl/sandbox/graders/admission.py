"""Which of a solution's files may lie beside tests: none that could take part in running them."""

import re
import sys
from collections.abc import Mapping
from pathlib import PurePosixPath

from agentrl.sandbox.calling import PAGE
from agentrl.sandbox.types import Limits

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,99}")
_MOST_FILES, _MOST_PARTS = 500, 8
_CONFIGURATION = {
    "conftest.py",
    "pytest.ini",
    "tox.ini",
    "setup.cfg",
    "setup.py",
    "pyproject.toml",
    "sitecustomize.py",
    "usercustomize.py",
    "__main__.py",
}
_COMPILED = {".pth", ".pyc", ".pyo", ".pyd", ".so"}
RESERVED = sys.stdlib_module_names | {"agentrl", "pytest", "_pytest", "pluggy", "conftest", "sitecustomize"}


def admit(
    files: Mapping[str, bytes], test_files: Mapping[str, str], limits: Limits, *, flat: bool
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """(the files that may stay, the names of the others).

    Left out are: names that are no plain relative path of ASCII letters, digits, "_", "-" and "."; settings of test
    runners and of the interpreter; compiled code; modules named like one of the standard library's, or like a test
    file or its folder; files that do not fit into `limits.disk_mb`. `flat`: the sandbox has no folders.
    """
    reserved = {top_name(name).lower() for name in test_files} | {name.lower() for name in RESERVED}
    kept: dict[str, bytes] = {}
    room = limits.disk_mb << 19  # half of the disk: the rest is for tests and programs
    for name, data in files.items():
        path = PurePosixPath(name)
        clash = any(str(parent) in kept for parent in path.parents) or any(
            other.startswith(f"{name}/") for other in kept
        )
        size = (-(-len(data) // PAGE) + len(path.parts) - 1) * PAGE  # as `check_files` counts, or more
        fits = size <= room and len(kept) < _MOST_FILES
        if _harmless(name, reserved) and not clash and fits and not (flat and len(path.parts) > 1):
            kept[name] = bytes(data)
            room -= size
    return kept, tuple(ascii(name)[1:-1][:200] for name in files if name not in kept)


def _harmless(name: str, reserved: set[str]) -> bool:
    parts = name.split("/")
    plain = len(parts) <= _MOST_PARTS and all(_PART.fullmatch(part) for part in parts)
    last = parts[-1].lower()
    forbidden = last in _CONFIGURATION or PurePosixPath(last).suffix in _COMPILED or "__pycache__" in parts
    return plain and not forbidden and top_name(name).lower() not in reserved


def top_name(name: str) -> str:
    """The name by which `import` would find the file, or its folder."""
    return name.split("/")[0].partition(".")[0]


def modules_of(files: Mapping[str, bytes]) -> list[str]:
    """The dotted names of all modules and packages among the files, in order."""
    found: set[str] = set()
    for name in files:
        if not name.endswith(".py"):
            continue
        parts = name.removesuffix(".py").split("/")
        parts = parts[:-1] if parts[-1] == "__init__" else parts
        if all(part.isidentifier() for part in parts):
            found |= {".".join(parts[: count + 1]) for count in range(len(parts))}
    return sorted(found)
