"""A small grammar for wordings: alternatives that are expanded once, when they are loaded.

A template is text with `[one|another|]` for alternatives (nested as you like; an empty one makes it optional), `<name>`
for a list of the file's `symbols`, and `{hole}` for what is filled in when it is said.
"""

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from agentrl.errors import UserError
from agentrl.simulators.emotion import Style
from agentrl.simulators.schema import Tongue
from agentrl.simulators.typography import tidy

MOST = 4000
"""The most expansions of one template: beyond, it is a mistake."""
_ANSWER = re.compile(
    r"(?:sure|of course|certainly|okay|ok|yes|happy|here|there|let me|it's|its|that|嗯|好|哦|没问题)"
    r"|.*(?:what else|anything more|还要什么)",
    re.IGNORECASE,
)
"""How a fact is told that was asked for, and how it isn't otherwise."""
_LABEL = re.compile(r"\{(?:my_|My_)?label\}")
_FALLBACKS: dict[Style, tuple[Style, ...]] = {
    "polite": ("polite", "neutral"),
    "neutral": ("neutral", "polite", "brief"),
    "brief": ("brief", "neutral"),
    "curt": ("curt", "brief", "neutral"),
    "angry": ("angry", "curt", "neutral"),
}
Templates = tuple[tuple[str, ...], ...]
"""Each template with all its expansions."""


@dataclass(frozen=True, slots=True)
class Wordings:
    """All wordings of one tongue: act -> style -> templates."""

    acts: Mapping[str, Mapping[Style, Templates]]
    """With every style of every act: one that has no wordings has those of its nearest."""
    own: Mapping[str, frozenset[str]]
    """Every distinct wording of an act, over all styles."""

    def draw(self, act: str, style: Style, rng: random.Random) -> str | None:
        """One wording in that style or the nearest that there is; None when the act has none at all."""
        styles = self.acts.get(act)
        if styles is None:
            return None
        templates = styles[style]
        expansions = templates[int(rng.random() * len(templates))]
        return expansions[int(rng.random() * len(expansions))]


@cache
def wordings(tongue: Tongue) -> Wordings:
    """The wordings that ship with agentrl."""
    return load_wordings(Path(__file__).parent / "wordings" / f"{tongue}.yaml")


def read_yaml(path: Path) -> Any:
    """The content of a YAML file, by the fast parser where there is one."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def load_wordings(path: Path) -> Wordings:
    """Reads `symbols: {name: [template]}` and `acts: {act: {style: [template]}}`. Raises `UserError` with its place."""
    data = read_yaml(path)
    symbols: dict[str, tuple[str, ...]] = {}
    for name, templates in data.get("symbols", {}).items():
        symbols[name] = _expand_all(templates, symbols, f"{path}: symbols.{name}")
    acts: dict[str, dict[Style, Templates]] = {}
    for act, styles in data["acts"].items():
        own: dict[Style, Templates] = {}
        for style, templates in styles.items():
            if style not in _FALLBACKS:
                raise UserError(f"{path}: acts.{act}: no style is called {style!r}; there are {', '.join(_FALLBACKS)}")
            where = f"{path}: acts.{act}.{style}"
            own[style] = tuple(_expand_all([template], symbols, where) for template in templates)
        acts[act] = _complete(own)
        if act.startswith("inform_") and (unasked := act.replace("inform", "tell", 1)) not in data["acts"]:
            acts[unasked] = _complete(_unasked(own))
    distinct = {
        act: frozenset(text for templates in styles.values() for expansions in templates for text in expansions)
        for act, styles in acts.items()
    }
    return Wordings(acts, distinct)


def _complete(own: Mapping[Style, Templates]) -> dict[Style, Templates]:
    """Every style, with the wordings of the nearest one where it has none of its own."""
    some = next(iter(own.values()))
    return {style: next((own[near] for near in nearby if near in own), some) for style, nearby in _FALLBACKS.items()}


def _unasked(own: Mapping[Style, Templates]) -> dict[Style, Templates]:
    """Those wordings that name the fact, without what only an answer begins or ends with."""
    kept = {
        style: tuple(
            fit
            for expansions in templates
            if (fit := tuple(text for text in expansions if _LABEL.search(text) and not _ANSWER.match(text)))
        )
        for style, templates in own.items()
    }
    kept = {style: templates for style, templates in kept.items() if templates}
    return kept or dict(own)


def _expand_all(templates: Any, symbols: Mapping[str, tuple[str, ...]], where: str) -> tuple[str, ...]:
    if not isinstance(templates, list) or not all(isinstance(template, str) for template in templates):
        raise UserError(f"{where} must be a list of strings (quote what YAML reads as something else)")
    return tuple(dict.fromkeys(text for template in templates for text in expand(template, symbols, where)))


def expand(template: str, symbols: Mapping[str, tuple[str, ...]], where: str = "template") -> tuple[str, ...]:
    """All expansions of a template, without repetition, blanks tidied. Raises `UserError` when it is malformed."""
    texts, rest = _alternatives(template, 0, symbols, where)
    if rest != len(template):
        raise UserError(f"{where}: {template!r} has a ']' without its '['")
    return tuple(dict.fromkeys(map(tidy, texts)))


def _alternatives(text: str, at: int, symbols: Mapping[str, tuple[str, ...]], where: str) -> tuple[list[str], int]:
    """What `text` from `at` expands to, up to the ']' that closes it or the end, and where that is."""
    done: list[str] = []
    parts: list[tuple[str, ...]] = []
    while at < len(text) and text[at] != "]":
        if text[at] == "|":
            done += _joined(parts, text, where)
            parts, at = [], at + 1
        elif text[at] == "[":
            inner, at = _alternatives(text, at + 1, symbols, where)
            if at == len(text):
                raise UserError(f"{where}: {text!r} has a '[' without its ']'")
            parts, at = [*parts, tuple(inner)], at + 1
        elif text[at] == "<":
            end = text.find(">", at)
            if text[at + 1 : end] not in symbols:
                raise UserError(f"{where}: {text!r} uses <{text[at + 1 : end]}>, which no earlier symbol is called")
            parts, at = [*parts, symbols[text[at + 1 : end]]], end + 1
        else:
            end = next((i for i in range(at, len(text)) if text[i] in "[]|<"), len(text))
            parts, at = [*parts, (text[at:end],)], end
    return done + _joined(parts, text, where), at


def _joined(parts: list[tuple[str, ...]], text: str, where: str) -> list[str]:
    count = 1
    for part in parts:
        count *= len(part)
    if count > MOST:
        raise UserError(f"{where}: {text!r} has {count} expansions; more than {MOST} in one template is a mistake")
    return ["".join(choice) for choice in product(*parts)]
