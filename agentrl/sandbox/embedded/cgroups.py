"""Control groups, where they can be written: an exact bound on what all processes of a run hold together.

Version 1 (a memory and a pids hierarchy) and version 2. A group serves one run after the other, since making one costs
more than joining it. The trusted side makes and limits groups; a run joins by a descriptor that it inherits.
"""

import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from agentrl.sandbox.embedded import kernel, leftovers
from agentrl.sandbox.embedded.supervision import kills_of
from agentrl.sandbox.types import Limits

_SLACK_MB = 32
"""For pages that forked processes share with their zygote until they write to them, and for the kernel's own."""
_REMOVE_SECONDS = 1.0
_MIB = 1 << 20


class Group:
    """One run's group: a directory per hierarchy. `descriptors` are what the run needs to join."""

    def __init__(self, directories: list[str], version: int) -> None:
        """Make the directories. Raises OSError."""
        self.directories, self._version = directories, version
        self._limits: tuple[int, int] | None = None
        self.descriptors: list[int] = []
        try:
            for directory in directories:
                os.mkdir(directory)
            counter = "memory.events" if version == 2 else "memory.oom_control"
            self.descriptors.append(os.open(f"{directories[0]}/{counter}", os.O_RDONLY | os.O_CLOEXEC))
            for directory in directories:
                self.descriptors.append(os.open(f"{directory}/cgroup.procs", os.O_RDWR | os.O_CLOEXEC))
            self._count = f"{directories[-1]}/pids.current"
            self._counts = os.path.exists(self._count)
        except OSError:
            self.remove()
            raise

    def limit(self, limits: Limits) -> None:
        """Bound the memory (with what /tmp holds) and the processes. Raises OSError."""
        wanted = ((limits.memory_mb + limits.disk_mb + _SLACK_MB) * _MIB, limits.processes + 2)
        if wanted == self._limits:
            return
        memory, processes = wanted
        if self._version == 2:
            self._write("memory.max", memory)
            self._write("memory.swap.max", 0, optional=True)
            self._write("memory.oom.group", 1, optional=True)
        else:
            self._write("memory.memsw.limit_in_bytes", -1, optional=True)
            self._write("memory.limit_in_bytes", memory)
            self._write("memory.memsw.limit_in_bytes", memory, optional=True)
        self._write("pids.max", processes, optional=True)
        self._limits = wanted

    def _write(self, name: str, value: int, optional: bool = False) -> None:
        for directory in self.directories:
            path = f"{directory}/{name}"
            if os.path.exists(path):
                with open(path, "w") as file:
                    file.write(str(value))
                return
        if not optional:
            raise FileNotFoundError(2, f"{self.directories[0]} has no {name}")

    def kills(self) -> int:
        """How many processes the out-of-memory killer ended in this group so far."""
        return kills_of(self.descriptors[0])

    def empty(self) -> bool:
        """Whether no process is left in it, ended ones that nobody reaped included: they count against its limit."""
        counted = self._counts and kernel.read_small(self._count) != b"0\n"
        return not counted and not os.pread(self.descriptors[1], 64, 0)

    def remove(self) -> None:
        """Let go of it; the directories go when they are empty, which may take a moment."""
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = []
        for directory in self.directories:
            _remove(directory)


class Groups:
    """The groups of one sandbox. Where none can be made, `lend` gives None and everything else works as without."""

    def __init__(self, processes: bool) -> None:
        """`processes`: count them, too, where that takes a hierarchy of its own. Sweeps what dead trainers left."""
        self._lock, self._free, self._made, self._lent = threading.Lock(), deque[Group](), 0, 0
        try:
            self._version, candidates = _candidates(processes)
        except OSError:  # a kernel without them
            self._version, candidates = 2, []
        self._parents = _first_writable(candidates)
        self._closed = not self._parents

    @contextmanager
    def lend(self, limits: Limits) -> Iterator[Group | None]:
        """A limited group for one run, or None."""
        group = self._take(limits)
        try:
            yield group
        finally:
            if group is not None:
                self._put_back(group)

    def _take(self, limits: Limits) -> Group | None:
        with self._lock:
            if self._closed:
                return None
            group = self._free.popleft() if self._free else None
            self._made += group is None
            self._lent += 1
            number = self._made
        try:
            group = group or Group([f"{parent}/{number}" for parent in self._parents], self._version)
            group.limit(limits)
            return group
        except OSError:
            if group is not None:
                group.remove()
            with self._lock:
                self._lent -= 1
            return None

    def _put_back(self, group: Group) -> None:
        with self._lock:
            self._lent -= 1
            if not self._closed and group.empty():
                self._free.append(group)
                return
            closed = self._closed
        group.remove()
        if closed:
            self._remove_parents(0.0)

    def give_up(self) -> None:
        """Lend no more: joining was refused, or the sandbox closes. Removes what is there."""
        with self._lock:
            self._closed = True
            groups, self._free = list(self._free), deque()
        for group in groups:
            group.remove()
        self._remove_parents(0.0 if self._lent else _REMOVE_SECONDS)

    def _remove_parents(self, patience: float) -> None:
        """The last group that comes back after the closing takes them along."""
        for parent in self._parents:
            _remove(parent, patience)

    def forget(self) -> None:
        """In a forked child: the groups are the parent's."""
        self._closed, self._lock, self._parents = True, threading.Lock(), []
        for group in self._free:
            for descriptor in group.descriptors:
                os.close(descriptor)
        self._free.clear()


def _candidates(processes: bool) -> tuple[int, list[list[str]]]:
    """(version, per hierarchy the directories to try: this process's own group and those above it)."""
    with open("/proc/self/cgroup") as file:
        own = {line.split(":")[1]: line.rstrip("\n").split(":", 2)[2] for line in file}
    with open("/proc/self/mountinfo") as file:
        mounts = [line.split() for line in file if " - cgroup" in line]
    found: dict[str, list[str]] = {}
    for fields in mounts:
        root, point, kind, options = fields[3], fields[4], fields[-3], fields[-1].split(",")
        for name in ("memory", "pids") if kind == "cgroup" else ("",):
            key = next((key for key in own if name in key.split(",")), None)
            if key is not None and (not name or name in options):
                found[name] = _upwards(point, os.path.relpath(own[key], root))
    if "memory" in found:
        return 1, [found["memory"]] + ([found["pids"]] if processes and "pids" in found else [])
    return 2, [found[""]] if "" in found else []


def _upwards(point: str, relative: str) -> list[str]:
    """The directories from `point`/`relative` up to `point`; `point` alone when the group lies outside of the mount."""
    parts = [] if relative.startswith("..") else [part for part in relative.split("/") if part != "."]
    return [os.path.join(point, *parts[:count]) for count in range(len(parts), -1, -1)]


def _first_writable(candidates: list[list[str]]) -> list[str]:
    """A new directory of this process in each hierarchy, the lowest that can be made; [] when one cannot."""
    name = leftovers.prefix() + os.urandom(4).hex()
    made: list[str] = []
    for directories in candidates:
        for directory in directories:
            _sweep(directory)
        parent = next((path for directory in directories if (path := _try(f"{directory}/{name}"))), None)
        if parent is None:
            for path in made:
                _remove(path)
            return []
        made.append(parent)
    return made


def _sweep(directory: str) -> None:
    """Remove what dead trainers left here, or one level below: each of them may have had a group of its own."""
    with suppress(OSError):
        for place in [directory, *(entry.path for entry in os.scandir(directory) if entry.is_dir())]:
            leftovers.sweep(place, _remove_tree)


def _try(path: str) -> str | None:
    """Make the group `path` and, in version 2, let it have groups with a memory limit; None where that is refused."""
    try:
        os.mkdir(path)
    except OSError:
        return None
    try:
        if os.path.exists(f"{path}/cgroup.subtree_control"):
            Path(path, "cgroup.subtree_control").write_text("+memory")
            with suppress(OSError):
                Path(path, "cgroup.subtree_control").write_text("+pids")
        return path
    except OSError:
        _remove(path)
        return None


def _remove(directory: str, patience: float = _REMOVE_SECONDS) -> None:
    """Remove an empty group; one whose last processes are just ending gets so many seconds."""
    deadline = time.monotonic() + patience
    while os.path.isdir(directory):
        try:
            os.rmdir(directory)
        except OSError:
            if time.monotonic() >= deadline:
                return
            time.sleep(0.005)


def _remove_tree(directory: str) -> None:
    """Remove the groups that a dead trainer left, and end what may still be in them."""
    for inner in [entry.path for entry in os.scandir(directory) if entry.is_dir()] + [directory]:
        with open(f"{inner}/cgroup.procs") as file:
            for pid in file.read().split():
                with suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
        _remove(inner)
