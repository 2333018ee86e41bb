"""Personas: sampled by seed from explicit distributions, or read from a file."""

import math
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from pydantic import ValidationError

from agentrl.errors import UserError
from agentrl.simulators.models import Persona
from agentrl.simulators.personas import Beta, Distributions, PersonaSampler, load_personas


def test_the_seed_decides_in_any_process() -> None:
    code = (
        "from agentrl.simulators.personas import PersonaSampler\n"
        "print([PersonaSampler().sample(seed).model_dump_json() for seed in range(20)])"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2")
    ]
    assert outputs[0] == outputs[1]
    assert len({PersonaSampler().sample(seed).model_dump_json() for seed in range(200)}) == 200


def test_weights_are_followed() -> None:
    sampler = PersonaSampler(Distributions(locale={"zh": 3, "en": 1}, disclosure={"drip": 1}, patience=(4, 5)))
    personas = [sampler.sample(seed) for seed in range(800)]
    assert 0.7 < sum(persona.locale == "zh" for persona in personas) / 800 < 0.8
    assert {persona.disclosure for persona in personas} == {"drip"}
    assert Counter(persona.patience for persona in personas).keys() == {4, 5}


def test_traits_lean_on_behaviour() -> None:
    personas = [PersonaSampler().sample(seed) for seed in range(2000)]
    kind = [p.politeness for p in personas if p.traits["agreeableness"] > 0.7]
    unkind = [p.politeness for p in personas if p.traits["agreeableness"] < 0.3]
    assert sum(kind) / len(kind) > sum(unkind) / len(unkind) + 0.1
    nervous = [p.emotion.gain for p in personas if p.traits["neuroticism"] > 0.7]
    calm = [p.emotion.gain for p in personas if p.traits["neuroticism"] < 0.3]
    assert sum(nervous) / len(nervous) > sum(calm) / len(calm)


def test_fixed_fields_leave_the_others_alone() -> None:
    sampler = PersonaSampler()
    free, fixed = sampler.sample(7), sampler.sample(7, patience=99)
    assert fixed == free.model_copy(update={"patience": 99})
    with pytest.raises(UserError, match="Did you mean 'patience'"):
        sampler.sample(7, patiense=3)
    with pytest.raises(UserError, match="verbosity"):
        sampler.sample(7, verbosity=3)


def test_only_users_who_mix_switch() -> None:
    for seed in range(200):
        persona = PersonaSampler().sample(seed)
        assert (persona.noise.code_switch > 0) == (persona.locale == "mixed")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"patience": (5, 2)}, "patience"),
        ({"locale": {"en": 0}}, "locale"),
        ({"traits": {"luck": Beta()}}, "luck"),
        ({"casing": {"Title": 1}}, "Title"),
        ({"polite": 1}, "polite"),
        ({"locale": {"en": math.nan, "zh": 1}}, "finite"),
        ({"disclosure": {"drip": math.inf}}, "finite"),
        ({"typos": {"share": math.nan}}, "finite"),
    ],
)
def test_wrong_distributions_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Distributions.model_validate(wrong)


def test_files_are_read_in_either_form(tmp_path: Path) -> None:
    listed = tmp_path / "people.yaml"
    listed.write_text(
        "- id: ana\n  display_name: Ana\n  locale: zh\n- {id: bo, display_name: Bo, noise: {typo_rate: 0.1}}\n"
    )
    ana, bo = load_personas(listed)
    assert (ana.locale, bo.noise.typo_rate) == ("zh", 0.1)
    lines = tmp_path / "people.jsonl"
    lines.write_text(f"{ana.model_dump_json()}\n\n{bo.model_dump_json()}\n")
    assert load_personas(lines) == (ana, bo)


TWO = "- id: x\n  display_name: X\n\n- id: y\n  display_name: Y\n"
ROW = '{"id": "x", "display_name": "X"'


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "a.yaml",
            f"{TWO}  politenes: 1\n",
            r"a\.yaml:4: politenes: there is no such field\. Did you mean 'politeness'",
        ),
        ("a.yaml", TWO.replace("id: y", "id: x"), r"a\.yaml:4: the id 'x' is already that of line 1"),
        ("a.yaml", "id: x\n", r"must be a list"),
        ("a.yaml", "- id: [x\n", r"a\.yaml:\d: is no YAML"),
        ("a.yaml", "", r"holds no persona"),
        ("a.jsonl", ROW + '}\n{"id": \n', r"a\.jsonl:2: is no JSON"),
        ("a.jsonl", ROW + ', "patience": 0}\n', r"a\.jsonl:1: patience: .*greater than or equal to 1"),
        ("a.jsonl", ROW + ', "noise": {"typos": 1}}\n', r"a\.jsonl:1: noise\.typos: .*'typo_rate'"),
        ("a.jsonl", "[1]\n", r"a\.jsonl:1: "),
        (
            "a.yaml",
            f"{TWO}  locale: zh\n  display_name: Z\n",
            r"a\.yaml:7: .*'display_name' stands there a second time",
        ),
        ("a.yaml", "- {id: x, noise: {emoji: 1, emoji: 0}}\n", r"a\.yaml:1: .*'emoji' stands there a second time"),
        ("a.jsonl", ROW + ', "id": "y"}\n', r"a\.jsonl:1: .*'id' stands there a second time"),
    ],
)
def test_mistakes_in_a_file_are_named_with_their_line(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(UserError, match=message):
        load_personas(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"none\.yaml: cannot be read"):
        load_personas(tmp_path / "none.yaml")


def from_file(tmp_path: Path, row: str) -> Persona:
    path = tmp_path / "people.yaml"
    path.write_text(f"- {{id: x, display_name: X, {row}}}\n")
    return load_personas(path)[0]


@pytest.mark.parametrize(
    ("factor", "fields"),
    [
        ("extraversion", {"verbosity"}),
        ("agreeableness", {"politeness", "cooperativeness"}),
        ("neuroticism", {"gain"}),
        ("openness", set()),
    ],
)
def test_traits_of_a_file_move_what_it_does_not_give(tmp_path: Path, factor: str, fields: set[str]) -> None:
    def found(value: float, more: str = "") -> dict[str, float]:
        one = from_file(tmp_path, f"traits: {{{factor}: {value}}}{more}")
        names = ("verbosity", "politeness", "cooperativeness", "expertise")
        return {**{name: getattr(one, name) for name in names}, "gain": one.emotion.gain}

    low, middle, high = found(0.0), found(0.5), found(1.0)
    assert {name for name in low if low[name] < middle[name] < high[name]} == fields
    assert {name for name in low if low[name] != high[name]} == fields
    plain = from_file(tmp_path, "locale: en")
    assert middle["politeness"] == plain.politeness
    assert middle["gain"] == plain.emotion.gain
    given = ", verbosity: 0.4, politeness: 0.4, cooperativeness: 0.4, emotion: {gain: 0.4}"
    assert found(1.0, given) == found(0.0, given)


def test_traits_of_a_file_move_as_far_as_where_personas_are_sampled(tmp_path: Path) -> None:
    sure = Beta(mean=0.7, spread=1e9)
    for value in (0.1, 0.9):
        traits = {"agreeableness": Beta(mean=value, spread=1e9)}
        sampled = PersonaSampler(Distributions(traits=traits, politeness=sure)).sample(3)
        assert from_file(tmp_path, f"traits: {{agreeableness: {value}}}").politeness == sampled.politeness


def test_an_unknown_trait_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"people\.yaml:1: .*no factor is called 'luck'"):
        from_file(tmp_path, "traits: {luck: 1.0}")
