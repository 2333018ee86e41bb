"""YAML with line numbers, read by the core schema of YAML 1.2.

PyYAML follows YAML 1.1, in which `3e-4` is a string, `no` is false, `1:30` is 90 and `2024-01-01` is a date. Here a
plain scalar is null, true or false, a number, or text, and nothing else.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

from agentrl.errors import ConfigError


class _CoreLoader(yaml.SafeLoader):
    """PyYAML's safe loader with the plain scalars of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (PyYAML declares it so)


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int | float:
    text = str(loader.construct_scalar(node))
    try:
        return int(text)
    except ValueError:
        return float(text.replace(".inf", "inf").replace(".nan", "nan"))


_CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile(r"^(true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)
_CoreLoader.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"^(~|null|Null|NULL|)$"), ["~", "n", "N", ""])
_CoreLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^([-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan)$"),
    list("-+.0123456789"),
)
_CoreLoader.add_constructor("tag:yaml.org,2002:float", _number)
_CoreLoader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"^<<$"), ["<"])


def parse(text: str, name: str) -> tuple[Any, dict[str, int]]:
    """Parse one YAML document, and tell in which line each of its keys stands.

    Returns the value and a dictionary from dotted key ("tiny.hidden_size") to line, counted from 1.
    Raises ConfigError, which names `name` and the line, when the text is no YAML or a key stands in it twice.
    """
    loader = _CoreLoader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return None, {}
        lines = _lines(node, name)
        return loader.construct_document(node), lines
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{name}:{mark.line + 1}" if mark else name
        raise ConfigError(f"{where}: this is no YAML: {error.problem or error.context}.") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{name}: this is no YAML: {str(error).splitlines()[0]}.") from error
    finally:
        loader.dispose()


def _lines(node: yaml.Node, name: str) -> dict[str, int]:
    lines: dict[str, int] = {}
    for key, line in _keys(node, "", frozenset()):
        if key in lines:
            raise ConfigError(f"{name}:{line}: {key} stands here a second time (first in line {lines[key]}). Keep one.")
        lines[key] = line
    return lines


def _keys(node: yaml.Node, prefix: str, above: frozenset[int]) -> Iterator[tuple[str, int]]:
    # `above` holds the nodes that this one lies in: an alias may make a node contain itself.
    if not isinstance(node, yaml.MappingNode) or id(node) in above:
        return
    for key, value in node.value:
        if isinstance(key, yaml.ScalarNode) and key.value != "<<":
            yield f"{prefix}{key.value}", key.start_mark.line + 1
            yield from _keys(value, f"{prefix}{key.value}.", above | {id(node)})
