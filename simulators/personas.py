"""Who users are: personas sampled from explicit distributions, or read from a file of your own."""

import json
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from agentrl.errors import UserError, nearest
from agentrl.simulators.distributions import DEFAULT, QUIET, Beta, Distributions, Rare, moved, replaced
from agentrl.simulators.models import TRAITS, EmotionSpec, Locale, NoiseSpec, Persona

__all__ = [
    "DEFAULT",
    "OCCUPATIONS",
    "QUIET",
    "TRAITS",
    "Beta",
    "Distributions",
    "PersonaSampler",
    "Rare",
    "leanings",
    "load_personas",
    "replaced",
    "settled",
]

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
OCCUPATIONS: Final = {
    "student": "学生", "nurse": "护士", "teacher": "教师", "engineer": "工程师", "cook": "厨师", "driver": "司机",
    "accountant": "会计", "designer": "设计师", "farmer": "农民", "shopkeeper": "店主", "pensioner": "退休人员",
    "musician": "音乐人", "lawyer": "律师", "electrician": "电工", "homemaker": "全职在家", "journalist": "记者",
}  # fmt: skip
"""Those that are sampled, with their Chinese words."""

_TWICE = "the key {!r} stands there a second time; keep one"
_T = TypeVar("_T")


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
        lean = leanings(traits)
        fields: dict[str, Any] = {
            "id": f"p{seed}",
            "locale": locale,
            "display_name": _name(locale, rng),
            "age_band": rng.choice(_AGES),
            "occupation": rng.choice(list(OCCUPATIONS)),
            "traits": traits,
            "expertise": given.expertise.draw(rng),
            "verbosity": given.verbosity.draw(rng, lean["verbosity"]),
            "politeness": given.politeness.draw(rng, lean["politeness"]),
            "cooperativeness": given.cooperativeness.draw(rng, lean["cooperativeness"]),
            "patience": rng.randint(*given.patience),
            "disclosure": _pick(given.disclosure, rng),
            "noise": self._noise(locale, rng),
            "emotion": EmotionSpec(
                start=given.annoyed_at_first.draw(rng),
                gain=given.annoyance_gain.draw(rng, lean["gain"]),
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


def leanings(traits: Mapping[str, float]) -> dict[str, float]:
    """How far traits move the means of the fields that go with them; "gain" is that of `EmotionSpec`."""
    lean = {name: 0.4 * (traits.get(name, 0.5) - 0.5) for name in TRAITS}
    return {
        "verbosity": lean["extraversion"],
        "politeness": lean["agreeableness"],
        "cooperativeness": lean["agreeableness"],
        "gain": 0.3 * lean["neuroticism"],
    }


def settled(persona: Persona) -> Persona:
    """The persona with the fields that its traits move and that it was not given: their defaults, moved."""
    if not persona.traits:
        return persona
    lean = leanings(persona.traits)
    gain = lean.pop("gain")
    free = [name for name in lean if name not in persona.model_fields_set]
    changes: dict[str, Any] = {name: round(moved(getattr(persona, name), lean[name]), 3) for name in free}
    if "gain" not in persona.emotion.model_fields_set:
        emotion = persona.emotion
        changes["emotion"] = emotion.model_copy(update={"gain": round(moved(emotion.gain, gain), 3)})
    return persona.model_copy(update=changes)


def load_personas(path: str | Path) -> tuple[Persona, ...]:
    """Personas from a .yaml/.yml list, or from .jsonl with one object in each line.

    Traits that are given move the fields which go with them and are not given, as they do where personas are sampled.
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
            persona = settled(Persona.model_validate(row))
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


class _UniqueKeys(yaml.SafeLoader):
    """PyYAML's safe loader, which by itself takes the last of equal keys without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping. Raises ConstructorError at the place of a key that stands there a second time."""
        seen = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, _TWICE.format(key.value), key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object. Raises ValueError for a key that stands in it twice."""
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(_TWICE.format(next(key for key in made if keys.count(key) > 1)))
    return made


def _yaml_rows(path: Path, text: str) -> list[tuple[int, Any]]:
    """(line, value) of each item of the list, lines from 1."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.load(text, Loader=_UniqueKeys)
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
                rows.append((number, json.loads(line, object_pairs_hook=_unique_keys)))
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
