"""What crosses the stream between the trusted side and the server in the container, and nothing else does.

A frame is a head of nine bytes (run, kind, size; big-endian) and at most `MOST_FRAME` bytes. A message longer than
that is cut; all its frames but the last have the bit `MORE` in their kind, and those of other runs may come in between.
Whatever is malformed raises `ProtocolError`: the receiver then ends the container, and no result comes of it.
"""

import enum
import json
import struct
from collections.abc import Iterator, Sequence
from typing import Any

HEAD = struct.Struct(">IBI")
MOST_FRAME = 64 << 10
MOST_MESSAGE = 128 << 20
MOST_HELD = 4 * MOST_MESSAGE
"""The longest message in bytes: a program with its stdin and files, or a result with its output."""
WINDOW = 128 << 10
"""How many bytes of a channel may be on the way, in each direction, before the receiver has passed them on."""
MORE = 0x80
NO_RUN = 0
"""The run number of frames that speak of the server itself."""


class ProtocolError(Exception):
    """The other side broke the rules of the stream."""


class Kind(enum.IntEnum):
    """What a message says. The first four go to the server, the next three come from it, the last four go both ways."""

    RUN = 1
    """Run a program. A header and the parts (program, stdin, contents of the files)."""
    CANCEL = 2
    """The caller has lost interest; a result still comes."""
    READY = 10
    """The server takes runs now. A header."""
    RESULT = 11
    """The last message of a run: a header and the parts (stdout, stderr)."""
    FAILED = 12
    """The last message of a run, or the server's own, instead of a result. A header with `error` and `kind`."""
    DATA = 20
    """Bytes of a channel."""
    CREDIT = 21
    """So many bytes of a channel were passed on (four bytes, big-endian)."""
    END = 22
    """No more bytes of a channel will come."""
    GONE = 23
    """Nobody reads the bytes of this channel any more."""


def cut(run: int, kind: Kind, message: bytes | bytearray | memoryview) -> Iterator[bytes]:
    """The frames of one message. Raises ValueError when it is longer than `MOST_MESSAGE`."""
    if len(message) > MOST_MESSAGE:
        raise ValueError(f"a program with its stdin and files may have {MOST_MESSAGE} bytes, not {len(message)}")
    rest = memoryview(message)
    while len(rest) > MOST_FRAME:
        yield HEAD.pack(run, kind | MORE, MOST_FRAME) + rest[:MOST_FRAME]
        rest = rest[MOST_FRAME:]
    yield HEAD.pack(run, kind, len(rest)) + rest


class Joiner:
    """Puts messages together again out of the frames of one direction."""

    def __init__(self, expected: frozenset[Kind]) -> None:
        """`expected`: the kinds that may come in this direction."""
        self._expected = expected
        self._parts: dict[int, tuple[Kind, bytearray]] = {}
        self._held = 0

    def head(self, head: bytes) -> tuple[int, int, int]:
        """(run, kind with its bit, size) of a frame's head. Raises ProtocolError."""
        run, kind, size = HEAD.unpack(head)
        if kind & ~MORE not in self._expected:
            raise ProtocolError(f"a frame of the unknown kind {kind}")
        if size > MOST_FRAME:
            raise ProtocolError(f"a frame of {size} bytes; the most is {MOST_FRAME}")
        return run, kind, size

    def add(self, run: int, kind: int, data: bytes) -> tuple[Kind, bytes | bytearray] | None:
        """The message that this frame completes, or None. Raises ProtocolError."""
        plain = Kind(kind & ~MORE)
        begun = self._parts.get(run)
        if begun is None and not kind & MORE:
            return plain, data
        if begun is None:
            begun = self._parts[run] = (plain, bytearray())
        self._held += len(data)
        if self._held > MOST_HELD:
            raise ProtocolError("too many messages that were begun and not ended")
        if begun[0] is not plain:
            raise ProtocolError(f"a {plain.name} in the middle of a {begun[0].name}")
        if not data or len(begun[1]) + len(data) > MOST_MESSAGE:
            raise ProtocolError("a message in empty frames, or one without an end")
        begun[1].extend(data)
        if kind & MORE:
            return None
        del self._parts[run]
        self._held -= len(begun[1])
        return begun


class Splitter:
    """Frames out of a stream of bytes that arrive in any portions."""

    def __init__(self, expected: frozenset[Kind]) -> None:
        self._joiner, self._buffer = Joiner(expected), bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[int, Kind, bytes | bytearray]]:
        """(run, kind, message) for each message that is complete now. Raises ProtocolError."""
        self._buffer += data
        start = 0
        while len(self._buffer) - start >= HEAD.size:
            run, kind, size = self._joiner.head(bytes(self._buffer[start : start + HEAD.size]))
            if len(self._buffer) - start < HEAD.size + size:
                break
            message = self._joiner.add(run, kind, bytes(self._buffer[start + HEAD.size : start + HEAD.size + size]))
            start += HEAD.size + size
            if message is not None:
                yield run, *message
        del self._buffer[:start]


def pack(header: dict[str, Any], parts: Sequence[bytes] = ()) -> bytes:
    """A header (JSON) with binary parts behind it, as one message."""
    text = json.dumps({**header, "parts": [len(part) for part in parts]}).encode()
    return b"".join((len(text).to_bytes(4, "big"), text, *parts))


def unpack(message: bytes | bytearray) -> tuple[dict[str, Any], list[bytes]]:
    """What `pack` was given. Raises ProtocolError."""
    try:
        size = int.from_bytes(message[:4], "big")
        header = json.loads(bytes(message[4 : 4 + size]))
        sizes = header.pop("parts")
        whole = all(type(length) is int and length >= 0 for length in sizes)
        if not whole or len(message) != 4 + size + sum(sizes):
            raise ProtocolError("the sizes of a message's parts do not add up")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ProtocolError(f"a malformed header: {error}") from None
    parts, start = [], 4 + size
    for length in sizes:
        parts.append(bytes(message[start : start + length]))
        start += length
    return header, parts
