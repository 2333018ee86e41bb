"""What a look at this machine tells of what runs may have left: segments, mounts, processes."""

import contextlib
import os

_IDS_OF_RUNS = range(200_000, 1 << 32)


def segments() -> list[str]:
    """This user's System V segments, queues and semaphores, and those of ids that runs may have.

    A segment of another process that lives, and is none of ours, is its own affair.
    """
    found = []
    for kind, column in (("shm", 7), ("msg", 7), ("sem", 4)):
        with open(f"/proc/sysvipc/{kind}") as file:
            rows = [line.split() for line in file.readlines()[1:]]
        for row in rows:
            ours = int(row[column]) == os.geteuid() or int(row[column]) in _IDS_OF_RUNS
            maker = int(row[4]) if kind == "shm" else 0
            others = maker and maker != os.getpid() and maker not in family() and os.path.exists(f"/proc/{maker}")
            found += [f"{kind} {row[1]}"] if ours and not others else []
    return sorted(found)


def mounts() -> int:
    """How many mounts the trainer sees, but for those that a container daemon makes when it likes."""
    with open("/proc/self/mountinfo") as file:
        return sum("docker" not in line and "containerd" not in line and " nsfs " not in line for line in file)


def family(container: str = "", zombies: bool = False) -> dict[int, int]:
    """All living descendants of this process, and what runs in a container: {pid: parent's pid}; zombies if told."""
    parents: dict[int, int] = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", errors="replace") as file:
                state, parent = file.read().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if zombies or state != "Z":
            parents[int(name)] = int(parent)
    inside = container_processes(container) if container else set()
    return {pid: parent for pid, parent in parents.items() if pid in inside or _descends(pid, parents)}


def container_processes(container: str) -> set[int]:
    """The processes of this machine's docker container with this id."""
    found = set()
    for name in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{name}/cgroup") as file:
            if container in file.read():
                found.add(int(name))
    return found


def _descends(pid: int, parents: dict[int, int]) -> bool:
    while pid in parents:
        pid = parents[pid]
        if pid == os.getpid():
            return True
    return False
