"""Where runs happen in the tiers without mounts: directories that one run at a time uses, each maybe with a user id."""

import os
import socket
import stat
import sysconfig
from contextlib import suppress
from dataclasses import dataclass

from agentrl.sandbox.embedded import landlock, namespaces, users
from agentrl.sandbox.embedded.contained import Place

_CHOWN, _DAC_OVERRIDE, _FOWNER, _KILL, _SETGID, _SETUID = 1 << 0, 1 << 1, 1 << 3, 1 << 5, 1 << 6, 1 << 7
_NAMED = {_CHOWN: "CHOWN", _KILL: "KILL", _SETGID: "SETGID", _SETUID: "SETUID"}
_ON_OTHERS_FILES = {_DAC_OVERRIDE: "DAC_OVERRIDE", _FOWNER: "FOWNER"}
_LIBRARIES = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo")
_READABLE_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
_WRITABLE_DEVICES = ("/dev/null", "/dev/full")  # not zero: what is mapped of it, shared and writable, nothing counts


@dataclass(slots=True)
class Slot:
    """A directory. `place` has all that the tier "container" needs; `user` is the id for "lockdown" as root."""

    directory: str
    ruleset: int
    user: int | None
    place: Place | None


class Slots:
    """The slots of one zygote: made when they are needed, kept for the next run."""

    def __init__(self, tier: str, work: str) -> None:
        """Raises OSError when the tier "container" lacks what it needs here."""
        self.tier, self.work = tier, work
        self._spare: list[Slot] = []
        self._count = 0
        refusal = "" if tier == "none" else _refusal(tier, work)
        if tier == "container" and refusal:
            raise OSError(refusal)
        own_users = tier != "none" and not refusal
        self._claim: socket.socket | None = None
        self._first: int | None = None
        if own_users:
            self._claim, self._first = users.claim()

    def take(self) -> Slot:
        """A slot that nobody uses. Raises OSError."""
        return self._spare.pop() if self._spare else self._make()

    def give_back(self, slot: Slot) -> None:
        """The slot's run has ended, and its directory is empty."""
        self._spare.append(slot)

    def _make(self) -> Slot:
        if self._count >= users.SLOTS:
            raise OSError(f"more than {users.SLOTS} runs at once in one zygote")
        slot = self._open(os.path.join(self.work, str(self._count)), self._count)
        self._count += 1
        return slot

    def _open(self, directory: str, number: int) -> Slot:
        with suppress(FileExistsError):  # from an attempt that failed later on
            os.mkdir(directory, 0o700)
        user = None if self._first is None else self._first + 2 * number
        if self.tier == "none":
            return Slot(directory, -1, None, None)
        access = landlock.TREE if self.tier == "container" else landlock.FLAT
        ruleset = landlock.create([*_readable(self.tier), (directory, access)], landlock.version())
        if self.tier == "lockdown" or user is None or self._claim is None:
            return Slot(directory, ruleset, user, None)
        os.chown(directory, user, user)
        return Slot(directory, ruleset, user, Place(directory, ruleset, user, user + 1, self._claim.fileno()))


def _readable(tier: str) -> list[tuple[str, int]]:
    """What programs may read (and execute, where they may): the system and the standard library, without what people
    installed."""
    wanted = [*(namespaces.SYSTEM if tier == "container" else _LIBRARIES), *namespaces.interpreter_paths()]
    hidden = namespaces.package_directories()
    found = [path for top in dict.fromkeys(map(os.path.realpath, wanted)) for path in _without(top, hidden)]
    rules = [(path, landlock.READ) for path in (*found, *_READABLE_DEVICES)]
    devices = _WRITABLE_DEVICES if tier == "container" else ("/dev/null",)
    return [*rules, *((path, landlock.FLAT) for path in devices)]


def _without(path: str, hidden: list[str]) -> list[str]:
    """`path`, or the paths below it that leave out the hidden directories."""
    if path in hidden:
        return []
    if not any(directory.startswith(path + "/") for directory in hidden):
        return [path]
    return [found for name in os.listdir(path) for found in _without(os.path.join(path, name), hidden)]


def _refusal(tier: str, work: str) -> str:
    """Why programs cannot run as an id of their own; "" when they can."""
    with open("/proc/self/status") as file:
        held = next(int(line.split()[1], 16) for line in file if line.startswith("CapEff"))
    lacking = [name for bit, name in _NAMED.items() if not held & bit]
    # In lockdown the zygote itself empties the directories of other users.
    if tier == "lockdown":
        lacking += [name for bit, name in _ON_OTHERS_FILES.items() if not held & bit]
    if lacking:
        return f"programs need user ids of their own, which takes the capabilities {', '.join(lacking)}"
    for path in (work, sysconfig.get_path("stdlib")):
        if closed := _closed(path):
            return f"programs need user ids of their own, but {closed} (above {path}) is closed to other users"
    return ""


def _closed(path: str) -> str:
    """The first directory on the way to `path` that others may not pass through; "" when they may."""
    while path != "/":
        if not os.stat(path).st_mode & stat.S_IXOTH:
            return path
        path = os.path.dirname(path)
    return ""
