"""The cases 1 to 16: processes."""

from hostile_case import Case

from agentrl.sandbox import Limits

_SHORT = Limits(wall_seconds=0.5)
_BOMB = Limits(wall_seconds=2.0, cpu_seconds=4)
_REFUSED = "no process can be started"
_PID = "its own process namespace, ended as a whole by the kernel"
_WALL = "the kill comes from outside"
_NO_SIGNAL = "signals reach the program alone (seccomp)"
_OWN_ID = "user ids of its own, swept after the run"
PROCESSES = [
    Case(
        "processes/c01_fork_bomb",
        "ok killed timeout cpu error",
        _BOMB,
        "RLIMIT_NPROC in its own user namespace; " + _PID,
        _REFUSED,
        "RLIMIT_NPROC for its own user id; " + _OWN_ID,
        real="subprocess",
    ),
    Case(
        "processes/c02_thread_bomb",
        "ok error killed memory",
        _BOMB,
        "RLIMIT_NPROC in its own user namespace",
        "RLIMIT_NPROC for its own user id (trainer is root)",
        "RLIMIT_NPROC for its own user id",
        real="subprocess",
        open_in=("lockdown, not root",),
        uncovered="lockdown, trainer not root: only memory bounds the number of threads",
    ),
    Case(
        "processes/c03_orphan",
        "ok",
        by=_PID,
        by_lockdown=_REFUSED,
        by_container=_OWN_ID,
        real="subprocess",
        session="what a command leaves running lives on, until the session ends",
    ),
    Case(
        "processes/c04_kill_all",
        "ok killed timeout error",
        _SHORT,
        _PID,
        _NO_SIGNAL,
        "landlock's scope of signals, user ids of its own",
        session="the session's server is reached, and the session ends (SessionEndedError)",
    ),
    Case(
        "processes/c05_kill_parent",
        "ok killed error",
        by=_PID,
        by_lockdown=_NO_SIGNAL,
        by_container="landlock's scope of signals, user ids of its own",
        real="none",
        session="the parent is the session's server: the session ends (SessionEndedError)",
    ),
    Case(
        "processes/c05b_weakens_its_watch",
        "ok",
        by="limits, priority and processors of the caller alone can be changed (seccomp)",
        by_lockdown="the same",
        by_container="the same",
    ),
    Case(
        "processes/c05c_names_itself",
        "ok",
        by="the watch reads bytes, and by name; should it fail all the same, the run ends as killed",
        by_lockdown=_REFUSED,
        by_container="the same as in namespaces",
    ),
    Case(
        "processes/c05d_child_of_another",
        "ok",
        by="clone may not name another parent (seccomp)",
        by_lockdown=_REFUSED,
        by_container="the same as in namespaces",
    ),
    Case(
        "processes/c06_kill_group",
        "ok killed error",
        by=_PID,
        by_lockdown=_NO_SIGNAL,
        by_container="a session of its own",
        real="none",
        session="the same as for 5",
    ),
    Case(
        "processes/c07_ignores_signals",
        "timeout",
        _SHORT,
        _WALL + ", by SIGKILL to process 1 of its namespace",
        _WALL + ", by SIGKILL",
        _WALL + ", by SIGKILL",
        kept="before\n",
    ),
    Case(
        "processes/c08_busy_loop",
        "timeout cpu",
        Limits(wall_seconds=1.5, cpu_seconds=1),
        "RLIMIT_CPU, and the wall time",
        "the same",
        "the same",
        kept="before\n",
    ),
    Case("processes/c09_sleep_forever", "timeout", _SHORT, _WALL, "the same", "the same", kept="before\n"),
    Case("processes/c10_stops_itself", "timeout", _SHORT, _WALL, "the same", "the same", kept="before\n"),
    Case("processes/c11_catches_everything", "timeout", _SHORT, _WALL, "the same", "the same", kept="before\n"),
    Case("processes/c12_loop_in_c", "timeout cpu memory", _SHORT, _WALL, "the same", "the same", kept="before\n"),
    Case(
        "processes/c13_child_holds_stdout",
        "ok",
        by="when the program ends, process 1 is killed, and the kernel ends the rest",
        by_lockdown=_REFUSED,
        by_container=_OWN_ID,
        session="the command ends when its shell does; the child lives on until the session ends",
    ),
    Case(
        "processes/c14_exec",
        "ok error killed",
        by="its own root; landlock; limits and filter stay over exec",
        by_lockdown="exec is refused (seccomp)",
        by_container="landlock; limits and filter stay over exec",
        real="none",
    ),
    Case("processes/c15_after_the_end", "timeout", _SHORT, _WALL, "the same", "the same", kept="before\n"),
    Case(
        "processes/c16_everything_at_once",
        "ok memory error killed timeout",
        _BOMB,
        _PID + "; a /tmp of its own",
        "limits of the process; its directory is emptied",
        _OWN_ID + "; its directory is emptied",
        session="the session may end with it",
    ),
]
