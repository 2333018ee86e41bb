"""The component: CPython with the guest, frozen after its imports, built once and kept in the cache.

Two steps, each done where its result is missing: componentize-py links and freezes (about 15 s), and Cranelift compiles
for this processor (about 10 s, 400 MB). Both happen in processes of their own.
"""

import fcntl
import hashlib
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from agentrl.errors import SandboxError
from agentrl.sandbox.wasm.starting import command

_WIT = """package agentrl:box;
world box {
  import channel-read: func(size: u32) -> string;
  import channel-write: func(data: string) -> u32;
  import channel-ready: func() -> bool;
  import alarm: func(seconds: f64);
  import leave: func(code: s32);
  export run: func(text: string) -> s32;
}
"""
_SHARED = """
embedded/program graders/driver_objects graders/driver_pytest graders/driver_solution graders/driver_tests
graders/asking graders/codec graders/fixtures graders/pytest_subset graders/remote graders/remote_objects
graders/shown graders/solution
"""
"""Modules of agentrl.sandbox that the guest needs."""
_BUILD_SECONDS = 600
_PACKAGES = ("wasmtime", "componentize-py")


def compiled() -> Path:
    """The component, compiled for this machine. Raises SandboxError that says what is missing or failed."""
    try:
        wasmtime, componentize = (importlib.metadata.version(package) for package in _PACKAGES)
    except importlib.metadata.PackageNotFoundError as error:
        raise SandboxError(f"the wasm back-end needs {' and '.join(_PACKAGES)}: pip install 'agentrl[wasm]'") from error
    sources = _sources()
    digest = hashlib.sha256(repr((componentize, sorted(sources.items()))).encode()).hexdigest()[:16]
    folder = _cache_folder()
    plain = folder / f"{digest}.wasm"
    native = folder / f"{digest}-{wasmtime}-{platform.machine()}.cwasm"
    if native.exists():
        return native
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not plain.exists():
                print("agentrl: building the WebAssembly component (once; about half a minute)", file=sys.stderr)
                _build(sources, plain)
            if not native.exists():
                _make(command("compile", str(plain)), native)
    except OSError as error:
        raise SandboxError(f"the WebAssembly component cannot be kept in {folder}: {error}") from error
    return native


def _cache_folder() -> Path:
    """$AGENTRL_CACHE, else ~/.cache/agentrl, as for everything else."""
    root = os.environ.get("AGENTRL_CACHE")
    return (Path(root) if root else Path.home() / ".cache" / "agentrl") / "wasm"


def _sources() -> dict[str, bytes]:
    """The files that the guest is made of: relative name -> contents."""
    here = Path(__file__).parent
    rooms = ("agentrl", "agentrl/sandbox", "agentrl/sandbox/embedded", "agentrl/sandbox/graders")
    packages = {f"{room}/__init__.py": b"" for room in rooms}
    shared = {f"agentrl/sandbox/{name}.py": (here.parent / f"{name}.py").read_bytes() for name in _SHARED.split()}
    return packages | shared | {"guest.py": (here / "guest.py").read_bytes(), "wit/box.wit": _WIT.encode()}


def _build(sources: dict[str, bytes], target: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="agentrl-wasm-") as scratch:
        for name, data in sources.items():
            path = Path(scratch, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        tool = shutil.which("componentize-py", path=os.path.dirname(sys.executable)) or shutil.which("componentize-py")
        if tool is None:
            raise SandboxError("the command componentize-py is not there, though the package is: reinstall it")
        _make([tool, "-d", f"{scratch}/wit", "-w", "box", "componentize", "guest", "-p", scratch, "-o"], target)


def _make(words: list[str], target: Path) -> None:
    """Run a command that writes the file which it is given as its last argument. Raises SandboxError."""
    part = target.with_name(f"{target.name}.part")
    try:
        done = subprocess.run([*words, str(part)], capture_output=True, text=True, timeout=_BUILD_SECONDS, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).strip()
            raise SandboxError(f"the WebAssembly component could not be built: {said[:1000]}\n...\n{said[-1000:]}")
        part.replace(target)
    except subprocess.TimeoutExpired as error:
        raise SandboxError(f"the WebAssembly component was not built within {_BUILD_SECONDS} s") from error
    finally:
        part.unlink(missing_ok=True)
