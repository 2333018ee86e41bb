"""The raw stream to a container's main process, as the docker API's attach call gives it."""

import contextlib
import os
import socket
import struct
import threading
from typing import Any

from agentrl.sandbox.docker.frames import ProtocolError

_HEAD = struct.Struct(">BxxxI")
_STDOUT, _STDERR = 1, 2
_MOST_ERROR_TEXT = 4096
_CHUNK = 1 << 18
_WRITE_SECONDS = 60
"""A server that takes nothing for so long is lost: it always reads, whatever the programs do."""
_STREAMS = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}


class AttachedStream:
    """stdin goes raw; stdout and stderr come in portions, each behind a head of eight bytes (stream, size)."""

    def __init__(self, api: Any, container: str) -> None:
        """Attach to a container that was created with stdin open, before it is started."""
        attached = api.attach_socket(container, params=_STREAMS)
        # The SDK wraps the socket for plain connections; a TLS connection is a socket already.
        self._attached = attached
        self._socket: socket.socket = getattr(attached, "_sock", attached)
        self._socket.settimeout(None)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _WRITE_SECONDS, 0))
        self._write_lock = threading.Lock()
        self._buffer, self._errors = bytearray(), bytearray()

    def write(self, data: bytes) -> None:
        """Write it all; frames of several threads take turns. Raises OSError, also when nobody reads."""
        with self._write_lock:
            self._socket.sendall(data)

    def read(self) -> bytes:
        """What has come on stdout, at least one byte; b"" at the end. Raises OSError, ProtocolError."""
        while True:
            found = self._portions()
            if found:
                return found
            data = self._socket.recv(_CHUNK)
            if not data:
                return b""
            self._buffer += data

    def _portions(self) -> bytes:
        """stdout of all portions that are complete; stderr is put aside."""
        output, start = [], 0
        while len(self._buffer) - start >= _HEAD.size:
            stream, size = _HEAD.unpack_from(self._buffer, start)
            if stream not in (_STDOUT, _STDERR):
                raise ProtocolError(f"the daemon sent a portion of the unknown stream {stream}")
            if len(self._buffer) - start - _HEAD.size < size:
                break
            portion = bytes(self._buffer[start + _HEAD.size : start + _HEAD.size + size])
            start += _HEAD.size + size
            if stream == _STDOUT:
                output.append(portion)
            else:
                self._errors = (self._errors + portion)[-_MOST_ERROR_TEXT:]
        del self._buffer[:start]
        return b"".join(output)

    def error_text(self) -> str:
        """The end of what came on stderr."""
        return self._errors.decode("utf-8", "replace").strip()

    def shut_down(self) -> None:
        """End the connection: the server in the container reads the end of its stdin, and a reader here returns."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Free the descriptor."""
        with contextlib.suppress(OSError):
            self._attached.close()
        self._socket.close()

    def forget(self) -> None:
        """In a forked child: close its copy of the descriptor; the connection goes on."""
        descriptor = self._socket.detach()
        if descriptor >= 0:
            os.close(descriptor)
