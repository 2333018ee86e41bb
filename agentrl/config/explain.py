"""What is wrong with a setting, in one line that a person can act on.

Turns pydantic's errors into "where: key: what is wrong, what it must be".
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from agentrl.errors import nearest

_KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite": "a finite number",
    "bool": "true or false",
    "string": "text (put it in quotes)",
    "dict": "a mapping of keys to values",
    "model": "a mapping of keys to values",
    "list": "a list",
}


def explain(error: ValidationError, model: type[BaseModel], others: Iterable[str] = ()) -> Iterator[tuple[str, str]]:
    """Yield the dotted key and the explanation of each thing that `error` found in the input of `model`.

    `others` are keys that the model does not have, but that may have been meant.
    """
    seen: set[str] = set()
    known, sections = [*known_keys(model), *others], list(others)
    sections += {name.partition(".")[0] for name in known if "." in name}
    for item in error.errors(include_url=False):
        path = [str(part) for part in item["loc"]]
        field, key = _locate(path, model)
        if key not in seen:  # a union reports one error for each of its members
            seen.add(key)
            yield key, _explain(item, field, key, known, sections)


def range_of(field: FieldInfo) -> str:
    """The range of a numeric field in words: "at least 0 and at most 1"; "" when it has none."""
    words = {Gt: "greater than", Ge: "at least", Lt: "less than", Le: "at most"}
    parts = []
    for bound in field.metadata:
        for kind, word in words.items():
            if isinstance(bound, kind):
                parts.append(f"{word} {getattr(bound, kind.__name__.lower())}")
    return " and ".join(parts)


def known_keys(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """All keys of a model, those of nested models with dots."""
    for name, field in model.model_fields.items():
        yield prefix + name
        nested = _nested(field)
        if nested:
            yield from known_keys(nested, f"{prefix}{name}.")


def _nested(field: FieldInfo) -> type[BaseModel] | None:
    annotation = field.annotation
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _locate(path: list[str], model: type[BaseModel]) -> tuple[FieldInfo | None, str]:
    """The field that `path` leads to, None where there is none, and its dotted key."""
    field, section = None, model
    for depth, name in enumerate(path, start=1):
        field = section.model_fields.get(name)
        nested = _nested(field) if field else None
        if nested is None:
            return field, ".".join(path[:depth])
        section = nested
    return field, ".".join(path)


def _choices(annotation: Any) -> list[str]:
    """The values of a Literal, also within a union."""
    if get_origin(annotation) is Literal:
        return [str(choice) for choice in get_args(annotation)]
    return [choice for part in get_args(annotation) for choice in _choices(part)]


def _explain(item: Mapping[str, Any], field: FieldInfo | None, key: str, known: list[str], sections: list[str]) -> str:
    kind, given = str(item["type"]), _shown(item["input"])
    if kind == "extra_forbidden" or field is None:
        if isinstance(item["input"], Mapping):  # it was written as a section: adversary.share=0.3
            hint = nearest(key, sections, most=1) or f" What the environment takes is written env_args.{key}."
        else:
            hint = nearest(key, known, most=1) or " `agentrl train --print-config` shows all settings."
        return f"there is no such setting.{hint}"
    if kind == "literal_error":
        choices = _choices(field.annotation)
        return f"{given} is not one of {', '.join(choices)}.{nearest(str(item['input']), choices, most=1)}"
    limits = range_of(field)
    if kind.startswith(("greater_than", "less_than")):
        return f"{given} is out of range: it must be {limits}."
    what = next((words for prefix, words in _KINDS.items() if kind.startswith(prefix)), "")
    if what:
        return f"{given} is not {what}{f' ({limits})' if limits else ''}."
    return f"{given}: {item['msg']}."


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
