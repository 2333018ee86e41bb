"""Who users are: personas sampled from explicit distributions, or read from a file of your own."""

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from agentrl.errors import UserError, nearest
from agentrl.simulators.models import Disclosure, EmotionSpec, Locale, NoiseSpec, Persona

TRAITS = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")
_GIVEN = {
    "en": "Amara Ben Carla Daniel Elena Farid Grace Hugo Irene Jamal Kira Liam Maya Noah Olga Priya Quinn Rosa Samir"
    " Tessa Umar Vera Walter Ximena Yusuf Zoe",
    "zh": "伟 芳 娜 敏 静 丽 强 磊 洋 艳 勇 杰 娟 涛 明 超 秀兰 霞 平 刚 桂英 子涵 雨桐 浩然 思远 佳怡",
}
_FAMILY = {
    "en": "Adler Brooks Costa Diaz Evans Fischer Green Haddad Ito Jensen Khan Lopez Murphy Novak Okafor Patel Rossi"
    " Silva Turner Usman Varga Weber Young Zhou",
    "zh": "王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 胡 朱 高 林 何 郭 马 罗 梁 宋 郑 谢",
}
_AGES = ("18-24", "25-34", "35-49", "50-64", "65+")
_OCCUPATIONS = (
    "student", "nurse", "teacher", "engineer", "cook", "driver", "accountant", "designer", "farmer", "shopkeeper",
    "pensioner", "musician", "lawyer", "electrician", "homemaker", "journalist",
)  # fmt: skip

_T = TypeVar("_T")


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Beta(_Model):
    """A Beta distribution on [0, 1]: `mean`, and `spread` > 0 for how many observations it is worth."""

    mean: float = Field(0.5, gt=0, lt=1)
    spread: float = Field(4.0, gt=0)

    def draw(self, rng: random.Random, lean: float = 0.0) -> float:
        """One number, whose mean is moved by `lean` within [0.05, 0.95]; three digits."""
        mean = min(0.95, max(0.05, self.mean + lean))
        return round(rng.betavariate(mean * self.spread, (1 - mean) * self.spread), 3)


class Rare(_Model):
    """Zero for most users, and for `share` of them uniform in (0, `most`]."""

    share: float = Field(0.0, ge=0, le=1)
    most: float = Field(0.1, gt=0, le=1)

    def draw(self, rng: random.Random) -> float:
        """One number; three digits."""
        chosen, size = rng.random() < self.share, rng.random()
        return round(self.most * (1 - size), 3) if chosen else 0.0


class Distributions(_Model):
    """From what personas are sampled. Weights need not sum to one.

    Verbosity, politeness, cooperativeness and the gain of annoyance lean with the traits that go with them:
    extraversion, agreeableness (twice) and neuroticism.
    """

    locale: Mapping[Locale, float] = {"en": 0.5, "zh": 0.35, "mixed": 0.15}
    disclosure: Mapping[Disclosure, float] = {"upfront": 0.3, "on_request": 0.5, "drip": 0.2}
    traits: Mapping[str, Beta] = {name: Beta(mean=0.5, spread=5) for name in TRAITS}
    expertise: Beta = Beta(mean=0.5, spread=3)
    verbosity: Beta = Beta(mean=0.5, spread=4)
    politeness: Beta = Beta(mean=0.6, spread=4)
    cooperativeness: Beta = Beta(mean=0.75, spread=5)
    patience: tuple[int, int] = (6, 14)
    """The least and the most turns without progress."""
    typos: Rare = Rare(share=0.35, most=0.12)
    misheard: Rare = Rare(share=0.1, most=0.2)
    emoji: Rare = Rare(share=0.2, most=0.5)
    code_switch: Beta = Beta(mean=0.5, spread=6)
    """The share of sentences with the other language, for users of the locale "mixed"."""
    casing: Mapping[str, float] = {"normal": 0.85, "lower": 0.12, "upper": 0.03}
    annoyed_at_first: Rare = Rare(share=0.15, most=0.4)
    annoyance_gain: Beta = Beta(mean=0.15, spread=10)

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("locale", "disclosure", "casing"):
            weights: Mapping[str, float] = getattr(self, name)
            if not weights or any(weight < 0 for weight in weights.values()) or sum(weights.values()) <= 0:
                raise ValueError(f"{name}: weights must not be negative, and one must be above 0")
        if not 1 <= self.patience[0] <= self.patience[1]:
            raise ValueError(f"patience is {self.patience}; it must be [least, most] with 1 <= least <= most")
        if unknown := sorted(set(self.traits) - set(TRAITS)):
            raise ValueError(f"traits: no factor is called {unknown[0]!r}; there are {', '.join(TRAITS)}")
        if unknown := sorted(set(self.casing) - {"normal", "lower", "upper"}):
            raise ValueError(f"casing: {unknown[0]!r} is none of normal, lower, upper")
        return self


DEFAULT = Distributions()


class PersonaSampler:
    """Personas by number: the same distributions and seed give the same persona, in any process."""

    def __init__(self, distributions: Distributions = DEFAULT) -> None:
        self.distributions = distributions

    def sample(self, seed: int, **fixed: Any) -> Persona:
        """The persona of this seed, with the fields in `fixed` as given; the others stay what they would have been.

        Raises `UserError` when a fixed field does not exist or has no valid value.
        """
        if unknown := next((name for name in fixed if name not in Persona.model_fields), None):
            raise UserError(f"a persona has no field {unknown!r}.{nearest(unknown, Persona.model_fields)}")
        rng = random.Random(seed * 2654435761 + 97)
        given = self.distributions
        locale: Locale = _pick(given.locale, rng)
        locale = fixed.get("locale", locale)
        traits = {name: beta.draw(rng) for name, beta in given.traits.items()}
        lean = {name: 0.4 * (traits.get(name, 0.5) - 0.5) for name in TRAITS}
        fields: dict[str, Any] = {
            "id": f"p{seed}",
            "locale": locale,
            "display_name": _name(locale, rng),
            "age_band": rng.choice(_AGES),
            "occupation": rng.choice(_OCCUPATIONS),
            "traits": traits,
            "expertise": given.expertise.draw(rng),
            "verbosity": given.verbosity.draw(rng, lean["extraversion"]),
            "politeness": given.politeness.draw(rng, lean["agreeableness"]),
            "cooperativeness": given.cooperativeness.draw(rng, lean["agreeableness"]),
            "patience": rng.randint(*given.patience),
            "disclosure": _pick(given.disclosure, rng),
            "noise": self._noise(locale, rng),
            "emotion": EmotionSpec(
                start=given.annoyed_at_first.draw(rng),
                gain=given.annoyance_gain.draw(rng, 0.3 * lean["neuroticism"]),
            ),
        }
        try:
            return Persona.model_validate({**fields, **fixed})
        except ValidationError as error:
            raise UserError(f"persona {seed}: {_first(error)}") from None

    def _noise(self, locale: Locale, rng: random.Random) -> NoiseSpec:
        given = self.distributions
        switch = given.code_switch.draw(rng)
        return NoiseSpec(
            typo_rate=given.typos.draw(rng),
            asr_rate=given.misheard.draw(rng),
            emoji=given.emoji.draw(rng),
            casing=_pick(given.casing, rng),
            code_switch=switch if locale == "mixed" else 0.0,
        )


def load_personas(path: str | Path) -> tuple[Persona, ...]:
    """Personas from a .yaml/.yml list, or from .jsonl with one object in each line.

    Raises `UserError` that names the file and the line of everything that is wrong, ten problems at most.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: cannot be read: {error}") from None
    rows = _yaml_rows(path, text) if path.suffix in (".yaml", ".yml", ".json") else _jsonl_rows(path, text)
    personas: list[Persona] = []
    problems: list[str] = []
    lines: dict[str, int] = {}
    for line, row in rows:
        try:
            persona = Persona.model_validate(row)
        except ValidationError as error:
            problems.append(f"{path}:{line}: {_first(error)}")
            continue
        if persona.id in lines:
            problems.append(f"{path}:{line}: the id {persona.id!r} is already that of line {lines[persona.id]}")
        lines[persona.id] = line
        personas.append(persona)
    if not rows:
        problems.append(f"{path}: holds no persona; write a list of them")
    if problems:
        more = f"\n... and {len(problems) - 10} more" if len(problems) > 10 else ""
        raise UserError("\n".join(problems[:10]) + more)
    return tuple(personas)


def _yaml_rows(path: Path, text: str) -> list[tuple[int, Any]]:
    """(line, value) of each item of the list, lines from 1."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise UserError(f"{where}: is no YAML: {getattr(error, 'problem', None) or error}") from None
    if data is None:
        return []
    if not isinstance(node, yaml.SequenceNode):
        raise UserError(f"{path}: must be a list of personas, each of them beginning with '- id: ...'")
    return [(item.start_mark.line + 1, value) for item, value in zip(node.value, data, strict=True)]


def _jsonl_rows(path: Path, text: str) -> list[tuple[int, Any]]:
    rows: list[tuple[int, Any]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                rows.append((number, json.loads(line)))
            except ValueError as error:
                raise UserError(f"{path}:{number}: is no JSON: {error}") from None
    return rows


def _first(error: ValidationError) -> str:
    problem = error.errors()[0]
    where = ".".join(map(str, problem["loc"]))
    hint = ""
    if problem["type"] == "extra_forbidden":
        models: dict[str, type[BaseModel]] = {"noise": NoiseSpec, "emotion": EmotionSpec}
        fields = models.get(str(problem["loc"][0]), Persona).model_fields
        hint = nearest(str(problem["loc"][-1]), fields)
    message = "there is no such field." if problem["type"] == "extra_forbidden" else problem["msg"]
    return f"{where or 'the persona'}: {message}{hint}"


def _pick(weights: Mapping[_T, float], rng: random.Random) -> _T:
    return rng.choices(list(weights), list(weights.values()))[0]


def _name(locale: Locale, rng: random.Random) -> str:
    tongue = "en" if locale == "en" else "zh"
    given, family = rng.choice(_GIVEN[tongue].split()), rng.choice(_FAMILY[tongue].split())
    return f"{given} {family}" if tongue == "en" else family + given
