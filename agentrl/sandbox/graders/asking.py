"""Inside the tests' sandbox: ask the solution, which lives in another process; its answers as plain Python."""

import builtins
from typing import Any

from agentrl.sandbox.graders import codec, solution

MOST_CHARACTERS = 600
# Python takes these as the quiet end of a loop or a generator: `zip(map(f, inputs), expected)` would compare nothing.
_QUIET_ENDS = (StopIteration, StopAsyncIteration, GeneratorExit)


class SolutionGoneError(BaseException):
    """The solution's process ended, or talks out of turn. No `except Exception` of a test may take it for an answer."""


class RefusedError(BaseException):
    """Something cannot cross between test and solution. No `except` or `raises` of a test may take it for an answer."""


def encode(value: Any, outside: codec.Outside | None = None) -> Any:
    """`codec.encode` for an argument. Raises RefusedError when it is more than builtin data."""
    try:
        return codec.encode(value, 0, outside)
    except codec.CodecError as error:
        raise RefusedError(f"the test passes an argument that cannot cross: {error}") from None


def ask(question: dict[str, Any]) -> dict[str, Any]:
    """The answer to one question. Raises SolutionGoneError when there is none, or one came before it was asked for."""
    if solution.spoke_early():
        raise SolutionGoneError("the solution's process ended, or answered before it was asked")
    try:
        number = codec.fresh_number()
        solution.send(codec.to_bytes(question | {"number": number}, codec.MAX_QUESTION_BYTES))
        answer = solution.receive()
    except OSError:
        answer = None
    if not isinstance(answer, dict) or answer.get("number") != number:
        raise SolutionGoneError("the solution's process ended, or answered something else")
    return answer


def decode(data: Any, outside: codec.Outside | None = None) -> Any:
    """`codec.decode` of an answer. Raises SolutionGoneError for what an honest driver cannot have sent."""
    try:
        return codec.decode(data, outside)
    except codec.CodecError as error:
        raise SolutionGoneError(str(error)) from None


def told(answer: dict[str, Any]) -> str:
    """What an answer without a value says went wrong, for people."""
    return str(answer.get("error") or answer.get("refused"))[:MOST_CHARACTERS]


def exception_of(answer: dict[str, Any]) -> BaseException:
    """What an answer without a value becomes: an exception of the same class if it is a builtin one, else of its base.

    It carries what the solution's side told as a note.
    """
    raised = answer.get("raised")
    if not isinstance(raised, dict):
        return RefusedError(told(answer))
    names, own, text = (raised.get(key) for key in ("builtin", "own", "text"))
    known = [kind for name in names if (kind := builtin_error(name))] if isinstance(names, list) else []
    arguments = decode(raised.get("arguments"))
    if isinstance(own, list) and own:
        arguments = [f"{own[0]}: {text}"]
    error = make_error(known, arguments if isinstance(arguments, list) else [text])
    error.add_note(told(answer))
    return error


def as_raised(error: BaseException, *, iterating: bool = False) -> BaseException:
    """What a call raises for a solution's exception: itself, or RuntimeError for one that would end a loop (PEP 479).

    `iterating`: the test asked an iterator for its next element, so StopIteration is an honest answer.
    """
    if not isinstance(error, _QUIET_ENDS) or (iterating and isinstance(error, StopIteration)):
        return error
    loud = RuntimeError(f"the solution raised {type(error).__name__}")
    for note in getattr(error, "__notes__", ()):
        loud.add_note(note)
    return loud


def builtin_error(name: Any) -> type[BaseException] | None:
    """The builtin exception class of this name."""
    kind = getattr(builtins, name, None) if isinstance(name, str) else None
    return kind if isinstance(kind, type) and issubclass(kind, BaseException) else None


def make_error(kinds: list[type[BaseException]], arguments: list[Any]) -> BaseException:
    """An instance of the first class that can be made of these arguments (UnicodeDecodeError wants five)."""
    for kind in (*kinds, RuntimeError):
        try:
            made: BaseException = kind(*arguments)
        except Exception:
            continue
        return made
    return RuntimeError()


def write_back(known: list[Any], contents: Any, outside: codec.Outside) -> None:
    """Give the arguments' lists, dicts and sets the contents that they have in the solution's process after a call."""
    if not isinstance(contents, list) or len(contents) != len(known):
        raise SolutionGoneError("malformed answer: the arguments")
    values = [decode(item, outside) for item in contents]
    for container, value in zip(known, values, strict=True):
        try:
            if type(container) is list:
                container[:] = value
            else:
                fresh = dict(value) if isinstance(container, dict) else set(value)
                container.clear()
                container.update(fresh)
        except (TypeError, ValueError) as error:
            raise SolutionGoneError(f"malformed answer: {error}") from None
