"""Importing what a user wrote, with errors that name the file and line."""

import hashlib
import importlib
import importlib.util
import os
import re
import sys
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from agentrl.errors import EnvironmentDefinitionError, UnknownEnvironmentError, nearest

_stamps: dict[str, tuple[int, int]] = {}
"""For each module imported from a file: the file's time of change in ns and its size."""


def import_module(name: str) -> ModuleType:
    """Import a module by its dotted name; the working directory counts as a place to look.

    Raises UnknownEnvironmentError when there is no such module, EnvironmentDefinitionError when it cannot be imported.
    """
    _look_in(os.getcwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name and (name == error.name or name.startswith(f"{error.name}.")):
            raise UnknownEnvironmentError(
                f"{name}: there is no module {error.name!r}, neither installed nor in the working directory. "
                "For a file write ./file.py:Class."
            ) from error
        raise EnvironmentDefinitionError(f"{name}: the module cannot be imported: {describe(error)}.") from error
    except Exception as error:
        raise EnvironmentDefinitionError(f"{name}: the module cannot be imported: {describe(error)}.") from error


def import_file(path: str) -> ModuleType:
    """Import a Python file under a module name of its own; imported again only after the file changed.

    The module is entered in `sys.modules`, so that its classes can be pickled within this process. The file's folder
    is added to the end of `sys.path`, so that it can import its neighbours.
    Raises UnknownEnvironmentError when there is no such file, EnvironmentDefinitionError when it cannot be imported.
    """
    file = Path(path).expanduser().resolve()
    if not file.is_file():
        near = nearest(file.name, [entry.name for entry in file.parent.glob("*.py")], most=1)
        raise UnknownEnvironmentError(f"{path}: there is no such file (looked for {file}).{near}")
    name = f"agentrl_file_{re.sub(r'[^0-9A-Za-z]', '_', file.stem)}_{hashlib.sha1(bytes(file)).hexdigest()[:8]}"
    stamp = (file.stat().st_mtime_ns, file.stat().st_size)
    if name in sys.modules and _stamps.get(name) == stamp:
        return sys.modules[name]
    _look_in(str(file.parent))
    module = _execute(name, file, path)
    _stamps[name] = stamp
    return module


def import_source(spec: str) -> tuple[ModuleType, str, str]:
    """What `package.module:Class`, `./file.py:Class` or `./file.py` means: the module, "Class" or "", and where it is.

    Raises what `import_module` and `import_file` raise.
    """
    path, _, attribute = spec.rpartition(":")
    if spec.endswith(".py"):
        path, attribute = spec, ""
    return (import_file if path.endswith(".py") else import_module)(path), attribute, path


def named(
    module: ModuleType, attribute: str, spec: str, source: str, fits: Callable[[object], bool], noun: str
) -> tuple[str, Any]:
    """The object of this name ("Outer.Inner" too) in a module, with its name; "" is the only class of the module's own
    that fits. `noun` is what such a class is called: "environment".

    Raises UnknownEnvironmentError when there is none, or no name and not just one.
    """
    own = [name for name, value in vars(module).items() if fits(value) and value.__module__ == module.__name__]
    listed = f" {noun.capitalize()}s there: {', '.join(own)}." if own else f" It defines no {noun} class."
    if not attribute and len(own) == 1:
        attribute = own[0]
    if not attribute:
        raise UnknownEnvironmentError(f"{spec}: say which class you mean, {spec}:Class.{listed}")
    target: Any = module
    for part in attribute.split("."):
        target = getattr(target, part, None)
    if target is None:
        raise UnknownEnvironmentError(f"{spec}: there is no {attribute!r} in {source}.{listed}")
    return attribute, target


def describe(error: BaseException, file: str = "") -> str:
    """ "ValueError: what it says (my_env.py:12)": the error, and the deepest line of the user's own code.

    `file` is the user's file, when known; otherwise code that is neither installed nor Python's counts as theirs.
    """
    text = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, SyntaxError):
        return f"{type(error).__name__}: {error.msg} ({error.filename}:{error.lineno})"
    where = _deepest(error, file)
    return f"{type(error).__name__}{f': {text}' if text else ''}{f' ({where})' if where else ''}"


def _execute(name: str, file: Path, path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise UnknownEnvironmentError(f"{path}: this is no Python file; its name must end in .py.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise EnvironmentDefinitionError(f"{path}: cannot be imported: {describe(error, str(file))}.") from error
    return module


def _look_in(folder: str) -> None:
    if folder not in sys.path:
        sys.path.append(folder)


def _deepest(error: BaseException, file: str) -> str:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<")]
    own = [frame for frame in frames if (frame.filename == file if file else _is_own(frame.filename))]
    return f"{own[-1].filename}:{own[-1].lineno}" if own else ""


def _is_own(filename: str) -> bool:
    paths = sysconfig.get_paths()
    elsewhere = (paths["stdlib"], paths["purelib"], paths["platlib"], str(Path(__file__).parent))
    return not filename.startswith(elsewhere)
