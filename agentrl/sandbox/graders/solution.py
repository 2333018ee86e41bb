"""Inside the sandbox: load a solution as a module of its own, and tell what went wrong in its own lines."""

import builtins
import json
import os
import select
import sys
import traceback
import types
from typing import Any

from agentrl.sandbox.embedded import program
from agentrl.sandbox.graders import codec

NAME = "solution.py"
CHANNEL = 3
_MODULE = "solution"
_LAST_FRAMES, _MOST_CHARACTERS = 3, 600
_OWN = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + "/"
# By identity, and from before any solution ran: a class that only calls itself ValueError is none of these.
BUILTIN_ERRORS = frozenset(
    kind for kind in vars(builtins).values() if isinstance(kind, type) and issubclass(kind, BaseException)
)


def read_order() -> Any:
    """What the grader asks for: JSON on stdin. Afterwards stdin is empty, and stdout and stderr lead nowhere."""
    with open(0, "rb", closefd=False) as file:
        order = json.loads(file.read())
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return order


def load(source: str) -> types.ModuleType:
    """Run the solution's top level as the module `solution` (so that a `__main__` block stays asleep)."""
    module = types.ModuleType(_MODULE)
    sys.modules[_MODULE] = module
    program.register_source(NAME, source)
    exec(compile(source, NAME, "exec", dont_inherit=True), module.__dict__)
    return module


def describe(error: BaseException) -> str:
    """The exception and the last lines of the solution that led to it: 'line 3, in f: return 1 / x'."""
    lines = []
    for frame in traceback.extract_tb(error.__traceback__):
        if (file := _file(frame.filename)) is not None:
            lines.append(f"{file}line {frame.lineno}, in {frame.name}: {frame.line}")
    lines = lines[-_LAST_FRAMES:]
    if isinstance(error, SyntaxError) and (file := _file(error.filename or "")) is not None:
        lines.append(f"{file}line {error.lineno}: {(error.text or '').strip()}")
    lines.append(_summary(error))
    return "\n".join(lines)[-_MOST_CHARACTERS:]


def _file(path: str) -> str | None:
    """How a file of the solution is named before a line of it: not at all, if there is but one; None for others."""
    if path == NAME:
        return ""
    directory = os.environ.get("HOME", "") + "/"
    if path.startswith(_OWN):  # this package may lie below it, too
        return None
    return f"{path.removeprefix(directory)}, " if path.startswith(directory) else None


def _summary(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    try:
        text = str(error)
    except BaseException as failure:
        text = f"<str() of it raised {type(failure).__name__}>"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def answer_of(
    function: Any,
    arguments: list[Any],
    keywords: dict[str, Any],
    question: dict[str, Any],
    outside: codec.Outside | None = None,
) -> bytes:
    """Call the function and put what came of it into a message: a value, a refusal to pass it, or an exception.

    The message repeats the question's number. With its `in_place`, it also tells how the call changed the arguments.
    `outside` is that of `codec.encode`.
    """
    message: dict[str, Any] = {"number": question["number"]}
    known = codec.containers(arguments) if question.get("in_place") else []
    places = {id(item): place for place, item in enumerate(known)}

    def name(item: Any) -> Any:
        place = places.get(id(item))
        return {"same": place} if place is not None else outside(item) if outside is not None else None

    try:
        try:
            value = function(*arguments, **keywords)
        except BaseException as error:
            message |= {"raised": raised(error, outside), "error": describe(error)}
        else:
            message["value"] = codec.encode(value, 0, name if known else outside)
        if known:
            message["arguments"] = [_contents(item, name) for item in known]
        return codec.to_bytes(message)
    except (codec.CodecError, RecursionError, RuntimeError) as error:
        refusal = f"what it returned cannot be checked: {error}"[:_MOST_CHARACTERS]
        return codec.to_bytes({"number": question["number"], "refused": refusal})


def _contents(container: Any, name: codec.Outside) -> Any:
    """The container as data, in which the containers of the arguments go by their number."""
    items = list(container.items()) if type(container) is dict else list(container)
    return [codec.encode(item, 1, name) for item in items]


def raised(error: BaseException, outside: codec.Outside | None = None) -> dict[str, Any]:
    """An exception for the other side: the builtin classes that it belongs to, the names of the others, its text."""
    classes = type(error).__mro__
    try:
        arguments = codec.encode(list(error.args))
    except (codec.CodecError, AttributeError, TypeError, RecursionError):
        arguments = None
    return {
        "builtin": [kind.__name__ for kind in classes if kind in BUILTIN_ERRORS],
        "own": [kind.__name__ for kind in classes if kind not in BUILTIN_ERRORS and kind is not object],
        "text": _text(error),
        "arguments": arguments,
        "object": outside(error) if outside is not None else None,
    }


def _text(error: BaseException) -> str:
    return _summary(error).partition(": ")[2][:_MOST_CHARACTERS]


def send(message: bytes) -> None:
    """Write one framed message to the channel."""
    rest = memoryview(codec.frame(message))
    while rest:
        rest = rest[os.write(CHANNEL, rest) :]


def spoke_early() -> bool:
    """Whether a message waits, or the channel ended, before anything was asked."""
    early = select.poll()
    early.register(CHANNEL, select.POLLIN)
    return bool(early.poll(0))


def receive(most: int = codec.MAX_BYTES) -> Any:
    """Read one message of up to `most` bytes from the channel; None at its end, or when it is malformed."""
    header = _read(4)
    if len(header) < 4:
        return None
    size = int.from_bytes(header, "big")
    if size > most:
        return None
    text = _read(size)
    try:
        return codec.from_bytes(text)
    except codec.CodecError:
        return None


def _read(size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = os.read(CHANNEL, min(size - len(data), 1 << 20))
        if not part:
            break
        data += part
    return bytes(data)
