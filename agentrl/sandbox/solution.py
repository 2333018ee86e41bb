"""Inside the sandbox: load a solution as a module of its own, and tell what went wrong in its own lines."""

import json
import os
import sys
import traceback
import types
from typing import Any

from agentrl.sandbox import codec, program

NAME = "solution.py"
CHANNEL = 3
_MODULE = "solution"
_LAST_FRAMES, _MOST_CHARACTERS = 3, 600


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
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == NAME]
    lines = [f"line {frame.lineno}, in {frame.name}: {frame.line}" for frame in frames[-_LAST_FRAMES:]]
    if isinstance(error, SyntaxError) and error.filename == NAME:
        lines.append(f"line {error.lineno}: {(error.text or '').strip()}")
    lines.append(_summary(error))
    return "\n".join(lines)[-_MOST_CHARACTERS:]


def _summary(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg}"
    try:
        text = str(error)
    except BaseException as failure:
        text = f"<str() of it raised {type(failure).__name__}>"
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def answer_of(function: Any, arguments: list[Any], keywords: dict[str, Any]) -> bytes:
    """Call the function and put what came of it into a message: a value, a refusal to pass it, or an exception."""
    try:
        value = function(*arguments, **keywords)
    except BaseException as error:
        return codec.to_bytes({"raised": type(error).__name__, "text": _text(error), "error": describe(error)})
    try:
        return codec.to_bytes({"value": codec.encode(value)})
    except (codec.CodecError, RecursionError, RuntimeError) as error:
        return codec.to_bytes({"refused": f"the returned value cannot be checked: {error}"[:_MOST_CHARACTERS]})


def _text(error: BaseException) -> str:
    return _summary(error).partition(": ")[2][:_MOST_CHARACTERS]


def send(message: bytes) -> None:
    """Write one framed message to the channel."""
    rest = memoryview(codec.frame(message))
    while rest:
        rest = rest[os.write(CHANNEL, rest) :]


def receive() -> Any:
    """Read one message from the channel; None at its end, or when it is malformed."""
    header = _read(4)
    if len(header) < 4:
        return None
    size = int.from_bytes(header, "big")
    if size > codec.MAX_BYTES:
        return None
    text = _read(size)
    try:
        return codec.from_bytes(text)
    except codec.CodecError:
        return None


def _read(size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = os.read(CHANNEL, size - len(data))
        if not part:
            break
        data += part
    return data
