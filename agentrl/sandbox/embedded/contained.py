"""One run in the tiers "container" and "none": a watching process, and the program below it, without namespaces.

In "container" the program has a user id of its own. Its watch stays root while the program runs, so that no signal
reaches it. At the end it takes on the program's id as its *effective* id and another one, the keeper's, as its real
and saved ids: it may then kill every process of the program by kill(-1) and empty the directory, and none of them may
signal or trace it (kill(2) lets a sender match real and saved ids only).
"""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from agentrl.sandbox.embedded import disk, kernel, landlock, seccomp, supervision
from agentrl.sandbox.embedded.execution import (
    CLAIM,
    EVENTS,
    GROUP,
    REPLY,
    RULESET,
    Request,
    fail,
    release_program_descriptors,
    report,
    run,
    system_calls,
    take_descriptors,
    unpack,
    verdict_on_error,
)
from agentrl.sandbox.types import Limits

_MIB = 1 << 20
_CLEAN_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a contained run happens: its directory, its landlock ruleset, its two ids, the claim on those."""

    directory: str
    ruleset: int
    user: int
    keeper: int
    claim: int


def run_in_container(request: Request, place: Place) -> NoReturn:
    """Be the watch over a program that runs as `place.user`."""
    limits = request.limits
    try:
        grouped = take_descriptors(request, place.ruleset, place.claim)
        kernel.adopt_orphans()
        supervision.hold()
        child = os.fork()
        if child == 0:
            _become_contained(limits, place, grouped)
        release_program_descriptors()
        started = supervision.start(child)
    except BaseException as error:
        fail(error)
    with verdict_on_error():
        os.close(RULESET)
        ward = supervision.Ward(
            members=lambda proc: supervision.of_user(place.user, proc),
            memory_kb=limits.memory_mb * 1024,
            disk=lambda: _overfull_as(place, limits.disk_mb * _MIB),
            events=None if request.events is None else EVENTS,
        )
        ended, verdict = supervision.watch(started, ward, REPLY)
        if not ended:  # it may not have come as far as to its own id
            os.kill(child, signal.SIGKILL)
        _become_keeper(place)
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        report(status=_reap_all(child), **verdict)
    _empty_and_exit(place.directory)


def _become_contained(limits: Limits, place: Place, grouped: bool) -> NoReturn:
    try:
        os.closerange(CLAIM, GROUP)
        os.setsid()
        kernel.become(place.user)
        kernel.die_with_parent()
        os.chdir(place.directory)
        text = unpack()
        kernel.set_limits(limits, limits.processes)
        kernel.drop_privileges()
        landlock.restrict(RULESET)
        seccomp.install(system_calls("container", grouped))
        supervision.await_start()
    except BaseException as error:
        fail(error)
    run(text)


def _become_keeper(place: Place) -> None:
    os.setgroups([])
    os.setresgid(place.user, place.user, place.user)
    os.setresuid(place.keeper, place.user, place.keeper)


def _overfull_as(place: Place, most: int) -> bool:
    with kernel.file_access_as(place.user):
        return disk.holds_too_much(place.directory, most)


def _reap_all(child: int) -> int:
    """Wait until no child or adopted orphan is left; the wait status of `child`."""
    status = 0
    while True:
        try:
            pid, ending = os.waitpid(-1, 0)
        except ChildProcessError:
            return status
        if pid == child:
            status = ending


def _empty_and_exit(directory: str) -> NoReturn:
    """Tell the zygote by the exit code whether the directory may be used again."""
    try:
        disk.wipe(directory)
    except BaseException:
        os._exit(1)
    os._exit(0)


def clean(place: Place) -> NoReturn:
    """Do what a watch that died left undone: its program's processes are orphans now, which others reap."""
    _become_keeper(place)
    deadline = time.monotonic() + _CLEAN_SECONDS
    while time.monotonic() < deadline:
        with suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)
        if not supervision.of_user(place.user):  # kill(-1) itself does not tell: it counts those it may not kill, too
            _empty_and_exit(place.directory)
        time.sleep(0.005)
    os._exit(1)


def run_unconfined(request: Request, directory: str) -> NoReturn:
    """Be the watch over a program with nothing but limits: what `isolation="none"` asks for by name."""
    limits = request.limits
    try:
        take_descriptors(request)
        kernel.adopt_orphans()
        supervision.hold()
        child = os.fork()
        if child == 0:
            _become_unconfined(limits, directory)
        release_program_descriptors()
        started = supervision.start(child)
    except BaseException as error:
        fail(error)
    with verdict_on_error():
        ward = supervision.Ward(
            members=supervision.descendants,
            memory_kb=limits.memory_mb * 1024,
            processes=limits.processes,
            disk=lambda: disk.holds_too_much(directory, limits.disk_mb * _MIB),
            events=None if request.events is None else EVENTS,
        )
        _, verdict = supervision.watch(started, ward, REPLY)
        report(status=_end_descendants(child), **verdict)
    _empty_and_exit(directory)


def _become_unconfined(limits: Limits, directory: str) -> NoReturn:
    try:
        os.closerange(CLAIM, GROUP)
        os.setsid()
        os.chdir(directory)
        kernel.die_with_parent()
        text = unpack()
        user = os.getuid()
        # The count is per user and never binds root: the watch and, where there is one, a cgroup hold it there.
        kernel.set_limits(limits, supervision.tasks_of(user) + limits.processes if user else None)
        supervision.await_start()
    except BaseException as error:
        fail(error)
    run(text)


def _end_descendants(child: int) -> int:
    """Kill all that is below this process until nothing is; the wait status of `child`."""
    status = 0
    while True:
        for name in supervision.descendants():
            with suppress(ProcessLookupError):
                os.kill(int(name), signal.SIGKILL)
        try:
            while (found := os.waitpid(-1, os.WNOHANG))[0]:
                status = found[1] if found[0] == child else status
        except ChildProcessError:
            return status
        time.sleep(0.002)
