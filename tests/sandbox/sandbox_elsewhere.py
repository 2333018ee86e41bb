"""Run a script with agentrl.sandbox in a process of its own: as another user, with fewer capabilities, to be killed."""

import functools
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import agentrl.sandbox
from agentrl.errors import SandboxError
from agentrl.sandbox import Sandbox

# Drops to the capabilities in argv[1] (a mask; "-" keeps all) and the user in argv[2] ("-" stays), then runs argv[3].
_LAUNCHER = """
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
if sys.argv[1] != "-":
    mask = int(sys.argv[1], 16)
    for capability in range(64):
        if not mask >> capability & 1:
            libc.prctl(24, capability, 0, 0, 0)
    libc.prctl(38, 1, 0, 0, 0)
    sets = struct.pack("=6I", mask, mask, 0, 0, 0, 0)
    assert libc.syscall(CAPSET, struct.pack("=Ii", 0x20080522, 0), sets) == 0
if sys.argv[2] != "-":
    os.setgroups([])
    os.setresgid(*[int(sys.argv[2])] * 3)
    os.setresuid(*[int(sys.argv[2])] * 3)
os.execv(sys.executable, [sys.executable, "-B", *sys.argv[3:]])
""".replace("CAPSET", "126" if os.uname().machine == "x86_64" else "91")
CONTAINER_CAPABILITIES = "e1"
"""CHOWN, KILL, SETGID and SETUID."""


@functools.cache
def interpreter_for_all() -> str | None:
    """An interpreter of version 3.11 or later that every user may run, its library included; ours if it will do."""
    ours = os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable)
    for candidate in (ours, "/usr/bin/python3", "/usr/local/bin/python3"):
        if not os.path.exists(candidate):
            continue
        code = "import sys, sysconfig; print(sys.version_info >= (3, 11), sysconfig.get_path('stdlib'))"
        told = subprocess.run([candidate, "-S", "-c", code], capture_output=True, text=True, check=False)
        new_enough, _, library = told.stdout.strip().partition(" ")
        if new_enough == "True" and _open_to_all(candidate) and _open_to_all(library):
            return os.path.realpath(candidate)
    return None


def _open_to_all(path: str) -> bool:
    parents = [Path(path), *Path(path).parents]
    return all(parent.stat().st_mode & 0o001 for parent in parents)


def start_elsewhere(
    folder: Path, script: str, *arguments: str, capabilities: str = "-", user: str = "-"
) -> "subprocess.Popen[str]":
    """Start `script`, which can import agentrl.sandbox from a copy in `folder` that everybody may read."""
    interpreter = interpreter_for_all()
    assert interpreter is not None
    package = folder / "agentrl"
    if not package.exists():
        source = Path(agentrl.sandbox.__file__).parent
        shutil.copytree(source, package / "sandbox", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(source.parent / "errors.py", package)
        (package / "__init__.py").touch()
    path = folder / "script.py"
    path.write_text(script)
    for parent in (folder, *folder.parents[:3]):
        if parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o055)
    return subprocess.Popen(
        [interpreter, "-c", _LAUNCHER, capabilities, user, str(path), *arguments],
        env={"PYTHONPATH": str(folder), "PATH": "/usr/bin:/bin", "TMPDIR": "/tmp"},
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_elsewhere(folder: Path, script: str, *arguments: str, capabilities: str = "-", user: str = "-") -> str:
    """What the script prints; its stderr is in the failure when it ends with anything but 0."""
    process = start_elsewhere(folder, script, *arguments, capabilities=capabilities, user=user)
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return output


def alive(pid: int) -> bool:
    """Whether the process exists and has not ended."""
    try:
        with open(f"/proc/{pid}/stat", errors="replace") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def refused_at_once(sandbox: Sandbox) -> NoReturn:
    """In a forked child: end it with 0 if the parent's sandbox says within some seconds that it is closed here."""
    signal.alarm(5)
    code = 1
    try:
        sandbox.run("print(1)")
    except SandboxError as error:
        code = 0 if "closed" in str(error) else 2
    finally:
        sandbox.close()
        os._exit(code)


def limit_for(further: int) -> int:
    """The limit under which this process can open so many further descriptors."""
    taken = {name for name in os.listdir("/proc/self/fd") if os.path.lexists(f"/proc/self/fd/{name}")}
    return [number for number in range(1 << 12) if str(number) not in taken][further]


def parents() -> dict[int, int]:
    """The parent of every process of this machine."""
    found: dict[int, int] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", errors="replace") as file:
                found[int(name)] = int(file.read().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def children(pid: int) -> set[int]:
    """The ids of the processes that this one has started. Ids start anew at some time: a smaller one is not older."""
    return {child for child, parent in parents().items() if parent == pid}


def below(pid: int) -> set[int]:
    """The ids of all processes below this one."""
    pairs, found = parents(), {pid}
    while more := {child for child, parent in pairs.items() if parent in found} - found:
        found |= more
    return found - {pid}
