"""The house of a zygote: user, mount, process, network, IPC, host-name and cgroup namespaces with a small root.

The root is a read-only tmpfs that shows the interpreter and the system's libraries, an empty site-packages, four
devices and a /proc of its own. Works for root and for ordinary users; no helper program is needed.
"""

import glob
import os
import socket
import sys
import sysconfig

from agentrl.sandbox.embedded import kernel

INNER_ID = 1000
"""User and group id of programs, inside."""
_HOST_ID = 200001
_DEVICES = {"null": "null", "zero": "full", "full": "full", "random": "random", "urandom": "urandom"}
"""Name inside: name outside. full reads as zero does, but cannot be mapped: shared pages of zero are in no file's size
and in no process's sum."""
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/bin", "/sbin", "/etc/ld.so.cache", "/etc/alternatives")
_OLD = "/old"
_INODES = 4096
_NEW_NAMESPACES = (
    kernel.CLONE_NEWNS
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
    | kernel.CLONE_NEWCGROUP
    | kernel.CLONE_NEWNET
)


def enter() -> None:
    """Move this process, which must have one thread, into fresh namespaces; returns in a child, their process 1.

    The calling process stays behind, waits for that child and exits; each dies with the other. Raises OSError that
    names the step which this machine refuses.
    """
    sources = _sources()
    # Root in a user namespace with no other id is an ordinary user outside.
    root = os.geteuid() == 0 and all(_spare_id(name) for name in ("uid_map", "gid_map"))
    if root:
        _map_two_users()
    else:
        user, group = os.geteuid(), os.getegid()
        kernel.unshare(kernel.CLONE_NEWUSER)
        write_maps(user, group)
    kernel.unshare(_NEW_NAMESPACES)
    child = os.fork()
    if child:
        os.closerange(0, 1024)
        os.waitpid(child, 0)
        os._exit(0)
    _build_root(sources)
    socket.sethostname("sandbox")
    if root:
        kernel.keep_capabilities()
        os.setresgid(INNER_ID, INNER_ID, INNER_ID)
        os.setresuid(INNER_ID, INNER_ID, INNER_ID)
    # What it takes to make process and mount namespaces in here. Programs lose it before they start.
    kernel.drop_privileges(keep=kernel.CAP_SYS_ADMIN)
    # Process 1 of each run shares this memory: no program may open it.
    kernel.set_dumpable(False)
    kernel.die_with_parent()


def enter_own(disk_mb: int) -> None:
    """In the program's process: mount, IPC and user namespaces of its own, a fresh /tmp (MiB) and /proc; no privilege.

    Its process namespace is there already (see cells.py). Raises OSError that names the step.
    """
    kernel.unshare(kernel.CLONE_NEWNS | kernel.CLONE_NEWIPC)
    options = f"size={disk_mb}m,nr_inodes={_INODES},mode=1777"
    kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, options)
    kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    # The mounts belong to the zygote's user namespace, which the program leaves here: no capability reaches them.
    kernel.unshare(kernel.CLONE_NEWUSER)
    # The id maps of a process that is not dumpable would belong to the host's root.
    kernel.set_dumpable(True)
    write_maps(INNER_ID, INNER_ID)
    kernel.drop_privileges()


def write_maps(user: int, group: int) -> None:
    """Be `INNER_ID` in the user namespace that this process just created, for the ids it had outside."""
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{INNER_ID} {user} 1"),
        ("gid_map", f"{INNER_ID} {group} 1"),
    ):
        kernel.write_small(f"/proc/self/{name}", text.encode())


def _map_two_users() -> None:
    """As root: a user namespace with 0 (for the set-up) and `INNER_ID`, which is nobody's id outside.

    Files and processes of programs so never belong to the host's root, which no limit on processes would bind. Only a
    process outside may write such a map: a helper does, between two bytes on pipes.
    """
    target = os.getpid()
    ready_read, ready_write = os.pipe()
    done_read, done_write = os.pipe()
    helper = os.fork()
    if helper == 0:
        try:
            os.read(ready_read, 1)
            for name in ("uid_map", "gid_map"):
                with open(f"/proc/{target}/{name}", "w") as file:
                    file.write(f"0 0 1\n{INNER_ID} {_spare_id(name)} 1\n")
            os.write(done_write, b"+")
        finally:
            os._exit(0)
    kernel.unshare(kernel.CLONE_NEWUSER)
    os.write(ready_write, b"+")
    os.close(done_write)
    mapped = os.read(done_read, 1)
    os.waitpid(helper, 0)
    for descriptor in (ready_read, ready_write, done_read):
        os.close(descriptor)
    if mapped != b"+":
        raise PermissionError(1, "writing the user namespace's id map was refused")
    os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)


def _spare_id(name: str) -> int:
    """An id that nobody uses: `_HOST_ID`, or the last one that a container maps to us."""
    with open(f"/proc/self/{name}") as file:
        ranges = [tuple(map(int, line.split())) for line in file]
    if any(first <= _HOST_ID < first + count for first, _, count in ranges):
        return _HOST_ID
    return max(first + count - 1 for first, _, count in ranges)


def interpreter_paths() -> list[str]:
    """What the interpreter needs to run: itself, its standard library and its shared library."""
    paths = [sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib"), sys.executable]
    paths += glob.glob(os.path.join(sys.base_prefix, "lib", "libpython*"))
    return list(dict.fromkeys(path for path in paths if os.path.exists(path)))


def _sources() -> list[tuple[str, str]]:
    """(path in the new root, real path outside); links are resolved now, before the root changes."""
    wanted = [path for path in SYSTEM if os.path.exists(path)]
    wanted += [path for path in interpreter_paths() if not path.startswith("/usr/")]
    return [(path, os.path.realpath(path)) for path in wanted]


def _build_root(sources: list[tuple[str, str]]) -> None:
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", "/tmp", "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV, "size=1m,mode=755")
    os.mkdir("/tmp" + _OLD)
    os.chdir("/tmp")
    kernel.syscall("pivot_root", b".", _OLD[1:].encode())
    os.chdir("/")
    for path, real in sources:
        _show(path, _OLD + real)
    for name, device in _DEVICES.items():
        _show_device(name, device)
    for directory in ("/proc", "/tmp", "/etc"):
        os.makedirs(directory, exist_ok=True)
    os.symlink("/tmp", "/dev/shm")
    with open("/etc/passwd", "w") as file:
        file.write(f"sandbox:x:{INNER_ID}:{INNER_ID}::/tmp:/bin/false\n")
    # Only possible while an unobstructed /proc is still visible somewhere, hence before the old root goes.
    kernel.mount("proc", "/proc", "proc", kernel.MS_NOSUID | kernel.MS_NODEV | kernel.MS_NOEXEC)
    _hide_packages()
    kernel.unmount(_OLD)
    os.rmdir(_OLD)
    flags = kernel.MS_BIND | kernel.MS_REMOUNT | kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
    kernel.mount("none", "/", None, flags)


def _show(path: str, source: str) -> None:
    if os.path.isdir(source):
        os.makedirs(path, exist_ok=True)
    else:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w"):
            pass
    kernel.bind_read_only(source, path)


def _show_device(name: str, device: str) -> None:
    os.makedirs("/dev", exist_ok=True)
    with open(f"/dev/{name}", "w"):
        pass
    kernel.mount(f"{_OLD}/dev/{device}", f"/dev/{name}", None, kernel.MS_BIND)


def package_directories() -> list[str]:
    """Where people install packages: they may hold the answers to the tasks (benchmarks ship as packages)."""
    library = sysconfig.get_path("stdlib")
    found = [os.path.join(library, name) for name in ("site-packages", "dist-packages")]
    found += glob.glob("/usr/lib/python3*/*-packages") + glob.glob("/usr/local/lib/python3*/*-packages")
    return list(dict.fromkeys(os.path.realpath(path) for path in found if os.path.isdir(path)))


def _hide_packages() -> None:
    for directory in package_directories():
        flags = kernel.MS_RDONLY | kernel.MS_NOSUID | kernel.MS_NODEV
        kernel.mount("tmpfs", directory, "tmpfs", flags, "size=4k,mode=755")
