"""The cases 17 to 35: memory, disk, output."""

from hostile_case import Case

from agentrl.sandbox import Limits

_SHORT = Limits(wall_seconds=0.5)
_SMALL = Limits(wall_seconds=3.0, memory_mb=64)
_DISK = Limits(wall_seconds=10.0, cpu_seconds=10)
_TOO_SMALL = "memory killed timeout"
_REFUSED = "no process can be started"
_AS = "RLIMIT_AS"
_SUM = "the sum over its processes: cgroup where writable, else a watcher"
_MOUNT = "a tmpfs of its own with a size and a number of inodes"
_WATCH = "the disk watch, 20 times a second"
_DRAIN = "bounded capture that reads on"
RESOURCES = [
    Case("resources/c17_memory_bomb", "memory", by=_AS, by_lockdown=_AS, by_container=_AS, kept="before\n"),
    Case("resources/c18_huge_values", "memory", by=_AS, by_lockdown=_AS, by_container=_AS, kept="before\n"),
    Case(
        "resources/c19_memory_over_forks",
        _TOO_SMALL,
        _SMALL,
        _SUM,
        _REFUSED,
        _SUM,
        instead={"lockdown": "ok"},
        real="subprocess",
        uncovered="with the watcher: up to a twentieth of a second of overshoot",
        session="the sum is that of the session, and ends it (SessionEndedError)",
    ),
    Case(
        "resources/c20_memfd",
        "ok error",
        _SMALL,
        "refused (seccomp)",
        "refused (seccomp)",
        "refused (seccomp)",
        real="none",
    ),
    Case(
        "resources/c21_shm_left_behind",
        "ok error",
        by="refused (seccomp); its own IPC namespace",
        by_lockdown="refused (seccomp)",
        by_container="refused (seccomp)",
        real="none",
    ),
    Case(
        "resources/c22_shared_mapping",
        "ok memory killed",
        _SMALL,
        "counts in a cgroup; without one refused (seccomp; /dev/zero is a second /dev/full)",
        "counts in a cgroup; without one refused (seccomp; /dev/zero cannot be written)",
        "the same as in lockdown",
        real="subprocess",
        session="the same as for 19 where a cgroup counts it",
    ),
    Case(
        "resources/c23_zip_bomb",
        "error killed memory",
        _DISK,
        _MOUNT,
        _WATCH,
        _WATCH,
        kept="before",
        session="what was written stays until the session ends, and its limit is for all commands",
    ),
    Case(
        "resources/c24_recursion",
        "killed",
        by="the status is taken outside",
        by_lockdown="the same",
        by_container="the same",
        kept="before\n",
    ),
    Case(
        "resources/c25a_disk_fill",
        "error killed",
        _DISK,
        _MOUNT,
        "landlock; " + _WATCH,
        "landlock; " + _WATCH,
        kept="before\n",
        real="none",
        uncovered="lockdown: up to a twentieth of a second of overshoot",
        session="the same as for 23",
    ),
    Case(
        "resources/c25b_unlinked_files",
        "error killed",
        _DISK,
        _MOUNT,
        "RLIMIT_FSIZE times RLIMIT_NOFILE, for open files",
        "the file system of `work` (docker: a tmpfs with a size)",
        instead={"lockdown": "ok error killed", "container": "ok error killed", "docker": "ok error killed"},
        kept="before\n",
        real="none",
        open_in=("lockdown", "lockdown, not root", "container", "docker"),
        uncovered="lockdown and container: `disk_mb` times `open_files`, and no bound where the files are mapped and "
        "closed; give their `work` a file system of its own",
    ),
    Case(
        "resources/c26_inode_fill",
        "error killed",
        _DISK,
        _MOUNT,
        _WATCH,
        _WATCH,
        kept="before\n",
        uncovered="as for 25",
        session="the same as for 23",
    ),
    Case("resources/c27_sparse_file", "ok", by="RLIMIT_FSIZE", by_lockdown="RLIMIT_FSIZE", by_container="RLIMIT_FSIZE"),
    Case(
        "resources/c28_descriptors",
        "ok error",
        by="RLIMIT_NOFILE",
        by_lockdown="RLIMIT_NOFILE",
        by_container="RLIMIT_NOFILE",
    ),
    Case(
        "resources/c29_stdout_flood", "output", by=_DRAIN, by_lockdown="the same", by_container="the same", kept="yyyy"
    ),
    Case("resources/c30_stderr_flood", "output", by=_DRAIN, by_lockdown="the same", by_container="the same"),
    Case(
        "resources/c31_one_line",
        "output memory",
        by=_DRAIN,
        by_lockdown="the same",
        by_container="the same",
        kept="begin",
        session="the beginning and the end are kept",
    ),
    Case(
        "resources/c32_more_than_a_pipe",
        "ok",
        by="both streams are read at once",
        by_lockdown="the same",
        by_container="the same",
        kept="begin",
    ),
    Case(
        "resources/c33_no_text",
        "ok",
        by="bad bytes become U+FFFD",
        by_lockdown="the same",
        by_container="the same",
        kept="begin�",
        uncovered="escape sequences stay: a viewer must quote them",
    ),
    Case(
        "resources/c34a_partial_at_timeout",
        "timeout",
        _SHORT,
        "pipes are drained after the end",
        "the same",
        "the same",
        kept="first line\nhalf a line",
    ),
    Case(
        "resources/c34b_partial_at_memory",
        "memory",
        by="pipes are drained after the end",
        by_lockdown="the same",
        by_container="the same",
        kept="first line\n",
    ),
    Case(
        "resources/c34c_partial_at_crash",
        "killed",
        by="lines are written when they end",
        by_lockdown="the same",
        by_container="the same",
        kept="first line\n",
    ),
    Case(
        "resources/c35a_stdin_unread",
        "ok",
        by="stdin is an anonymous file",
        by_lockdown="the same",
        by_container="the same",
        kept="did not look\n",
        stdin_kb=8192,
        session="stdin is empty; the tests redirect it from a file",
    ),
    Case(
        "resources/c35b_stdin_read",
        "ok",
        by="stdin is an anonymous file",
        by_lockdown="the same",
        by_container="the same",
        kept=f"{8192 * 1024} ''\n",
        stdin_kb=8192,
        session="the same as for 35a",
    ),
]
