"""What the sandbox's own image holds: this machine's Python, the libraries that it needs, and a set of shell tools.

Everything lies where it lies on this machine, so that no search path of the interpreter or the linker changes.
Packages that people installed stay out: benchmarks ship as packages, answers included.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO

TOOLS = """
awk base64 basename bash cat chmod cmp comm cp cut date dd diff dirname du echo egrep env expr false fgrep file find
fold grep gunzip gzip head hexdump id install join kill ln ls md5sum mkdir mktemp mv nl nproc od paste patch printf ps
pwd readlink realpath rev rm rmdir sed seq sh sha256sum shuf sleep sort split stat tac tail tar tee test timeout touch
tr tree true uname uniq wc which xargs xxd yes
"""
_LEFT_OUT = {
    *("ensurepip", "idlelib", "lib2to3", "test", "tests", "tkinter", "turtledemo", "pydoc_data"),
    *("site-packages", "dist-packages", "venv"),
}
_LEFT_OUT_MODULES = ("_tkinter", "_test", "_ctypes_test", "_xxtestfuzz", "xxlimited")
_ROOT_LINKS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_DATA = ("/usr/share/zoneinfo", "/usr/lib/locale/C.utf8", "/etc/ld.so.cache")
_DIRECTORIES = ("dev", "etc", "proc", "root", "run", "sys", "tmp", "usr/local/bin", "var/tmp", "work")
_MADE = {
    "/etc/passwd": b"root:x:0:0:root:/:/bin/false\n",
    "/etc/group": b"root:x:0:\n",
}
_LIBRARY = re.compile(r"(?:=>)?\s(/\S+) \(0x[0-9a-f]+\)$", re.MULTILINE)


@dataclass(slots=True)
class RootFileSystem:
    """The plan of an image: `files` lie at the same path on this machine; `links` point to absolute paths."""

    files: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)

    def add(self, path: str) -> str:
        """Take in a file, and where it is a link, the link and what it leads to; returns its real path."""
        real = os.path.realpath(path)
        shown = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        self.files.add(real)
        if shown != real:
            self.links[shown] = real
        return real

    def add_tree(self, root: str) -> None:
        """Take in all files below a directory, byte code of other interpreters and `_LEFT_OUT` left out."""
        for folder, folders, names in os.walk(root):
            folders[:] = [name for name in folders if name not in _LEFT_OUT and not name.startswith("config-")]
            compiled = folder.endswith("__pycache__")
            for name in names:
                wanted = name.endswith(f".{sys.implementation.cache_tag}.pyc") if compiled else True
                path = os.path.join(folder, name)
                if wanted and not name.startswith(_LEFT_OUT_MODULES) and os.access(path, os.R_OK):
                    self.add(path)

    def digest(self) -> str:
        """A name for the contents: equal plans with equal files have equal digests."""
        total = hashlib.sha256(repr((sorted(self.links.items()), sorted(_MADE.items()), _DIRECTORIES)).encode())
        for path in sorted(self.files):
            with open(path, "rb") as file:
                total.update(path.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
        return total.hexdigest()[:16]

    def write(self, target: str) -> None:
        """Write it as a tar archive: everything belongs to root, nobody else may write, nothing is setuid."""
        with tarfile.open(target, "w") as archive:
            for entry, data in self._entries():
                if data is None and entry.isreg():
                    with open("/" + entry.name, "rb") as file:
                        archive.addfile(entry, file)
                else:
                    archive.addfile(entry, BytesIO(data) if data is not None else None)

    def _entries(self) -> Iterator[tuple[tarfile.TarInfo, bytes | None]]:
        places = [*self.files, *self.links, *_MADE, *(f"/{name}/x" for name in _DIRECTORIES)]
        for name in sorted({parent for path in places for parent in _parents(path)}):
            yield _entry(name, tarfile.DIRTYPE, 0o1777 if name in ("tmp", "var/tmp") else 0o755), None
        for path, data in _MADE.items():
            entry = _entry(path[1:], tarfile.REGTYPE, 0o644)
            entry.size = len(data)
            yield entry, data
        for path in sorted(self.files):
            status = os.stat(path)
            entry = _entry(path[1:], tarfile.REGTYPE, 0o755 if status.st_mode & 0o111 else 0o644)
            # Byte code is valid for a source of this time and size.
            entry.size, entry.mtime = status.st_size, int(status.st_mtime)
            yield entry, None
        for path, real in sorted(self.links.items()):
            entry = _entry(path[1:], tarfile.SYMTYPE, 0o777)
            entry.linkname = real
            yield entry, None


def _entry(name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.mode = kind, mode
    return entry


def _parents(path: str) -> Iterator[str]:
    while path := os.path.dirname(path).rstrip("/"):
        yield path[1:]


def plan() -> RootFileSystem:
    """The image of this machine's interpreter. Raises OSError when `ldd` is missing."""
    system = RootFileSystem()
    interpreter = system.add(_interpreter())
    programs = [interpreter]
    programs += [system.add(found) for name in TOOLS.split() if (found := shutil.which(name))]
    for library in {sysconfig.get_path("stdlib"), sysconfig.get_path("platstdlib")}:
        system.add_tree(library)
    programs += [path for path in system.files if path.endswith(".so")]
    for library in _shared_libraries(programs):
        system.add(library)
    for path in _DATA:
        if os.path.isdir(path):
            system.add_tree(path)
        elif os.path.exists(path):
            system.add(path)
    for path in _ROOT_LINKS:
        if os.path.islink(path):
            system.links[path] = os.path.realpath(path)
    if interpreter != "/usr/local/bin/python3":
        system.links |= {"/usr/local/bin/python3": interpreter, "/usr/local/bin/python": interpreter}
    return system


def _interpreter() -> str:
    """The one whose standard library is in use: that of the environment's base, not a copy in the environment."""
    base = os.path.join(sys.base_exec_prefix, "bin", f"python{sys.version_info.major}.{sys.version_info.minor}")
    return base if os.path.exists(base) else sys.executable


def _shared_libraries(programs: list[str]) -> set[str]:
    """What the dynamic linker loads for these; it fails on scripts and static programs, which need nothing."""
    found = subprocess.run(["ldd", *programs], capture_output=True, text=True, errors="replace", check=False)
    return set(_LIBRARY.findall(found.stdout))
