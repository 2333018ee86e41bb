"""What hostile programs are sent after: secrets in every place of a trainer's machine, and the state that must stay.

Every secret has its own canary, so that an output that holds one tells where it came from.
"""

import contextlib
import ctypes
import os
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, cast

from hostile_machine import family, mounts, segments

VARIABLE = "AGENTRL_HOSTILE_SECRET"
_PLACES = ("file", "environment", "tcp", "udp", "abstract", "unix", "shm", "bystander", "descriptor")
_PAYLOADS = ("program", "stdin", "payload_file")
LEFT = [Path(place, "agentrl-left") for place in ("/tmp", "/dev/shm", "/var/tmp")]
"""Files that programs try to leave to the next run."""
_SUBREAPER = 36
_BYSTANDER = """
import ctypes, sys
held = ctypes.create_string_buffer(sys.argv[1].encode())
print(ctypes.addressof(held), flush=True)
for line in sys.stdin:
    print("here", flush=True)
"""
_ANSWER_SECONDS = 5.0
_libc = ctypes.CDLL(None, use_errno=True)


class World:
    """The planted secrets. Use as a context manager, and open the sandboxes inside: they are to inherit what leaks."""

    def __init__(self) -> None:
        self.canaries = {place: f"CANARY-{secrets.token_hex(16)}" for place in (*_PLACES, *_PAYLOADS)}
        self.hits: list[str] = []
        """Which of the listening sockets somebody reached."""
        self._sockets: list[socket.socket] = []
        self._descriptor = -1

    def __enter__(self) -> "World":
        _libc.prctl(_SUBREAPER, 1, 0, 0, 0)  # orphans of runs become ours, and are found
        self.directory = Path(tempfile.mkdtemp(prefix="agentrl-hostile-"))
        self.directory.chmod(0o755)
        self.file = self.directory / "secret"
        self._write_files()
        os.environ[VARIABLE] = self.canaries["environment"]
        self._descriptor = os.open(self.directory / "descriptor", os.O_RDONLY)
        os.set_inheritable(self._descriptor, True)
        self._start_bystander()
        self._plant_segment()
        self._listen()
        self._present = self.state()
        return self

    def __exit__(self, *unused: object) -> None:
        for listening in self._sockets:
            listening.close()
        self.bystander.communicate()
        _libc.shmctl(self.segment, 0, None)
        os.close(self._descriptor)
        os.environ.pop(VARIABLE, None)
        shutil.rmtree(self.directory)
        _libc.prctl(_SUBREAPER, 0, 0, 0, 0)

    def _write_files(self) -> None:
        self.file.write_text(self.canaries["file"])
        self.file.chmod(0o666)
        (self.directory / "descriptor").write_text(self.canaries["descriptor"])

    def _start_bystander(self) -> None:
        """A process of the trainer's user with a secret in its memory, its environment and its command line."""
        secret = self.canaries["bystander"]
        self.bystander = subprocess.Popen(
            [sys.executable, "-S", "-c", _BYSTANDER, secret],
            env={**os.environ, "API_KEY": secret},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self.bystander.stdout is not None
        self.address = int(self.bystander.stdout.readline())

    def _plant_segment(self) -> None:
        _libc.shmat.restype = ctypes.c_void_p
        _libc.shmdt.argtypes = [ctypes.c_void_p]
        self.segment = _libc.shmget(0, 4096, 0o1666)
        place = _libc.shmat(self.segment, None, 0)
        text = self.canaries["shm"].encode()
        ctypes.memmove(place, text, len(text))
        _libc.shmdt(place)

    def _listen(self) -> None:
        name = f"agentrl-hostile-{os.getpid()}-{secrets.token_hex(4)}"
        self.tcp = self._serve(socket.create_server(("127.0.0.1", 0)), "tcp")
        self._serve(self._bound(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + name), "abstract")
        self.unix = self._serve(self._bound(socket.AF_UNIX, socket.SOCK_STREAM, str(self.directory / "socket")), "unix")
        os.chmod(self.unix, 0o777)
        self.udp = self._serve(self._bound(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)), "udp")
        self._serve(self._bound(socket.AF_UNIX, socket.SOCK_DGRAM, "\0" + name + "-datagram"), "abstract datagram")
        self.abstract = name

    def _bound(self, family: int, kind: int, address: Any) -> socket.socket:
        listening = socket.socket(family, kind)
        listening.bind(address)
        if kind == socket.SOCK_STREAM:
            listening.listen()
        return listening

    def _serve(self, listening: socket.socket, place: str) -> Any:
        self._sockets.append(listening)
        work = self._answer_streams if listening.type == socket.SOCK_STREAM else self._answer_datagrams
        threading.Thread(target=work, args=(listening, place), daemon=True).start()
        name = listening.getsockname()
        return name[1] if isinstance(name, tuple) else name

    def _answer_streams(self, listening: socket.socket, place: str) -> None:
        listening.settimeout(0.5)  # a blocked accept() would outlive the close
        while listening.fileno() >= 0:
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            self.hits.append(place)
            with connection:
                connection.sendall(self.canaries[place].encode())

    def _answer_datagrams(self, listening: socket.socket, place: str) -> None:
        listening.settimeout(0.5)
        while listening.fileno() >= 0:
            try:
                _, sender = listening.recvfrom(100)
            except TimeoutError:
                continue
            except OSError:
                return
            self.hits.append(place)
            if place == "udp":
                listening.sendto(self.canaries[place].encode(), sender)

    def target(self, unconfined: bool) -> dict[str, Any]:
        """Where everything is: programs get it as target.json. It holds no canary."""
        return {
            "file": str(self.file),
            "directory": str(self.directory),
            "tcp": self.tcp,
            "udp": self.udp,
            "abstract": self.abstract,
            "abstract_datagram": self.abstract + "-datagram",
            "unix": self.unix,
            "shm": self.segment,
            "bystander": self.bystander.pid,
            "bystander_address": self.address,
            "trainer": os.getpid(),
            "unconfined": unconfined,
        }

    def state(self) -> dict[str, object]:
        """What no run may change: files, segments, mounts of this machine's trainer."""
        files = {
            path.name: (path.lstat().st_mode, path.read_text() if path.is_file() else "")
            for path in self.directory.iterdir()
        }
        return {"files": files, "segments": segments(), "mounts": mounts(), "bystander": self._bystander()}

    def _bystander(self) -> int | str:
        """Whether the bystander answers; else how it ended.

        It is asked, since a signal that was sent takes its time to end a process, but lets it answer nothing more.
        """
        assert self.bystander.stdin is not None
        assert self.bystander.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self.bystander.stdin.write(b"?\n")
            self.bystander.stdin.flush()
            if not select.select([self.bystander.stdout], [], [], _ANSWER_SECONDS)[0]:
                return "stopped"
            if self.bystander.stdout.readline():
                return "here"
        return self.bystander.wait()

    def _reap_orphans(self) -> None:
        """Who adopts orphans must see to their end: until then they count in their control group."""
        ended = family(zombies=True).keys() - family().keys() - {self.bystander.pid}
        for pid in ended:
            with contextlib.suppress(ChildProcessError):  # the child of another process
                os.waitpid(pid, os.WNOHANG)

    def changes(self) -> list[str]:
        """What is not as it was when the world was made, or was reached since the last call."""
        self._reap_orphans()
        now = self.state()
        changed = [f"the machine's {name} changed: {now[name]}" for name in now if now[name] != self._present[name]]
        for path in LEFT:
            if path.exists():
                path.unlink()
                changed.append(f"{path} was left")
        if now["files"] != self._present["files"]:
            self._write_files()
        if now["bystander"] != "here":
            self.bystander.kill()
            self.bystander.communicate()
            self._start_bystander()
        for number in set(segments()) - set(cast(list[str], self._present["segments"])):
            if number.startswith("shm"):
                _libc.shmctl(int(number.split()[1]), 0, None)
        self._present = self.state()
        hits, self.hits = self.hits, []
        return changed + [f"the {place} service was reached" for place in hits]
