"""Who the users of generated tasks are: files, distributions by name, and what has no effect at a level."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agentrl.cli.app import app
from agentrl.config import parse_env_args
from agentrl.envs.service_desk import ServiceDeskEnv, sample_task
from agentrl.envs.service_desk.people import people_of
from agentrl.envs.service_desk.playback import play
from agentrl.errors import AgentRLError, ConfigError
from agentrl.simulators.models import NoiseSpec, Persona
from agentrl.simulators.personas import QUIET, PersonaSampler


def people(env: ServiceDeskEnv, episodes: int = 60) -> list[Persona]:
    """Those of the first episodes."""
    found = []
    for seed in range(episodes):
        env.reset(seed=seed)
        found.append(env.session.task.persona)
    return found


@pytest.mark.parametrize("level", ["easy", "full"])
def test_distributions_are_sampled(level: Any) -> None:
    given = {"locale": {"zh": 1.0}, "disclosure": {"drip": 3, "upfront": 1}, "patience": [4, 5]}
    env = ServiceDeskEnv(domain="both", level=level, personas=given)
    found = people(env, 200)
    assert {one.locale for one in found} == {"zh"}
    assert {one.patience for one in found} == {4, 5}
    assert 0.6 < sum(one.disclosure == "drip" for one in found) / 200 < 0.9
    assert all(one.display_name == env.session.task.goal.known["name"] for one in found[-1:])
    again = ServiceDeskEnv(domain="both", level=level, personas=given)
    assert people(again, 200) == found


def test_what_is_not_given_stays_as_the_level_has_it() -> None:
    easy = people(ServiceDeskEnv(level="easy", personas={"typos": {"share": 1.0, "most": 0.2}}))
    assert {(one.locale, one.patience, one.verbosity, one.noise.asr_rate) for one in easy} == {("en", 8, 0.5, 0.0)}
    assert all(0 < one.noise.typo_rate <= 0.2 for one in easy)
    assert {one.disclosure for one in easy} == {"upfront", "on_request"}
    tiny = people(ServiceDeskEnv(personas={"emoji": {"share": 1.0}}))
    assert {(one.locale, one.patience, one.noise.typo_rate) for one in tiny} == {("en", 4, 0.0)}
    full = people(ServiceDeskEnv(level="full", personas={"patience": [3, 3]}))
    assert {one.patience for one in full} == {3}
    assert {one.locale for one in full} == {"en", "zh", "mixed"}
    assert len({one.verbosity for one in full}) > 30


def test_quiet_people_are_plain_ones() -> None:
    plain = Persona(id="x", display_name="y", disclosure="upfront", patience=8, noise=NoiseSpec(code_switch=0.0))
    sampler = PersonaSampler(QUIET)
    for seed in range(300):
        one = sampler.sample(seed, id="x", display_name="y", disclosure="upfront", age_band="", occupation="")
        assert one == plain


def test_no_goal_depends_on_the_personas() -> None:
    for number in range(50):
        own = sample_task("shop", "full", number, people=people_of({"patience": [3, 3]}, "full", few_words=False))
        assert own.goal == sample_task("shop", "full", number).goal


@pytest.mark.parametrize(
    ("level", "given"),
    [
        ("tiny", {"disclosure": {"drip": 1}}),
        ("tiny", {"patience": [2, 2], "cooperativeness": {"mean": 0.1}}),
        ("tiny", {"typos": {"share": 1, "most": 0.5}, "emoji": {"share": 1}, "casing": {"upper": 1}}),
        ("tiny", {"annoyed_at_first": {"share": 1, "most": 1}}),
        ("tiny", {"misheard": {"share": 1, "most": 1}}),
        ("tiny", {"annoyance_gain": {"mean": 0.9}, "patience": [8, 8], "disclosure": {"drip": 1}}),
        ("easy", {"locale": {"zh": 1}, "disclosure": {"drip": 1}}),
        ("easy", {"locale": {"mixed": 1}, "code_switch": {"mean": 0.9}}),
        ("full", {"verbosity": {"mean": 0.95}, "politeness": {"mean": 0.05}, "traits": {"neuroticism": {"mean": 0.9}}}),
    ],
)
def test_what_is_taken_shows_and_the_expert_goes_on_solving(level: Any, given: Mapping[str, Any]) -> None:
    own = people_of(given, level, few_words=level == "tiny")
    changed = 0
    for number in range(60):
        for trade in ("shop", "travel"):
            played = play(sample_task(trade, level, number, people=own), seed=1)
            assert played.success, played.lines
            changed += played.lines != play(sample_task(trade, level, number), seed=1).lines
    assert changed > 5 or "patience" in given  # an expert never tries anybody's patience


def test_patience_is_felt_at_level_tiny() -> None:
    def turns(patience: int) -> set[int]:
        env = ServiceDeskEnv(personas={"patience": [patience, patience]})
        found = set()
        for seed in range(20):
            env.reset(seed=seed)
            number, over = 0, False
            while not over:
                _, _, terminated, truncated, _ = env.step("ok")
                number, over = number + 1, terminated or truncated
            found.add(number)
        return found

    assert max(turns(1)) < min(turns(4))


@pytest.mark.parametrize("name", ["locale", "code_switch", "expertise", "verbosity", "politeness"])
def test_what_cannot_show_at_level_tiny_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"env_args.personas.{name} has no effect here: .* level=easy"):
        ServiceDeskEnv(personas={name: {"mean": 0.4}})


def test_what_is_refused_at_level_tiny_changes_nothing_there() -> None:
    for number in range(60):
        task = sample_task("shop", "tiny", number)
        changes = {"locale": "zh", "expertise": 0.9, "verbosity": 0.9, "politeness": 0.1}
        changes["noise"] = NoiseSpec(code_switch=0.9)  # type: ignore[assignment]
        other = task.model_copy(update={"persona": task.persona.model_copy(update=changes)})
        assert play(task).lines == play(other).lines


def test_users_of_a_language_model_show_everything_at_level_tiny() -> None:
    model = {"user": "hybrid", "user_model": "m", "user_base_url": "http://localhost:1/v1"}
    assert ServiceDeskEnv(personas={"locale": {"zh": 1}}, **model)  # type: ignore[arg-type]


@pytest.mark.parametrize("level", ["tiny", "easy"])
def test_the_demonstrations_of_a_cold_start_have_what_their_users_can_show(level: Any, tmp_path: Path) -> None:
    plain = '{"id": "plain", "display_name": "x", "patience": 9}\n'
    (tmp_path / "plain.jsonl").write_text(plain)
    (tmp_path / "all.jsonl").write_text(plain + plain.replace("plain", "zhu").replace("9", '9, "locale": "zh"'))
    model = {"level": level, "user": "llm", "user_model": "m", "user_base_url": "http://localhost:1/v1"}
    given: list[tuple[Any, Any]] = [
        ({"locale": {"zh": 1}, "patience": [3, 3]}, {"patience": [3, 3]}),
        ({"locale": {"zh": 1}}, None),
        (str(tmp_path / "plain.jsonl"), str(tmp_path / "plain.jsonl")),
        (str(tmp_path / "all.jsonl"), None),
    ]
    for personas, left in given:
        env_args = {**model, "personas": personas}
        replaced = ServiceDeskEnv(**env_args).cold_start_args
        demonstrations = {**env_args, **replaced}
        assert ServiceDeskEnv(**demonstrations)
        assert demonstrations["personas"] == (left if level == "tiny" else personas)
    assert "personas" not in ServiceDeskEnv.cold_start_args


def test_a_file_of_personas_is_refused_where_they_cannot_show(tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    file.write_text('{"id": "zhu", "display_name": "x", "locale": "zh", "patience": 9}\n', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"people.jsonl locale of the persona 'zhu' has no effect here"):
        ServiceDeskEnv(personas=file)
    assert {one.id for one in people(ServiceDeskEnv(level="easy", personas=file), 3)} == {"zhu"}
    file.write_text('{"id": "plain", "display_name": "x", "patience": 9, "disclosure": "drip"}\n', encoding="utf-8")
    assert {one.patience for one in people(ServiceDeskEnv(personas=str(file)), 3)} == {9}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"local": {"zh": 1}}, "env_args.personas.local: there is no such key. Did you mean 'locale'"),
        ({"locale": {"fr": 1}}, "env_args.personas.locale.fr: Input should be 'en', 'zh' or 'mixed'"),
        ({"locale": {"zh": -1}}, "env_args.personas.locale: weights must not be negative"),
        ({"locale": {}}, "env_args.personas.locale: weights"),
        ({"patience": [5, 2]}, "env_args.personas.patience: it is .5, 2.; it must be"),
        ({"patience": 3}, "env_args.personas.patience: "),
        ({"verbosity": {"men": 0.4}}, "env_args.personas.verbosity.men: there is no such key. Did you mean 'mean'"),
        ({"verbosity": {"mean": 4}}, "env_args.personas.verbosity.mean: Input should be less than 1"),
        ({"traits": {"neurotic": {"mean": 0.4}}}, "env_args.personas.traits: no factor is called 'neurotic'"),
        ({"casing": {"title": 1}}, "env_args.personas.casing.title: "),
        (3, "env_args.personas is 3; it must be a file of personas, or distributions"),
        ("/nowhere.yaml", "cannot be read"),
    ],
)
def test_wrong_ones_are_told_by_their_key(given: Any, told: str) -> None:
    with pytest.raises(AgentRLError, match=told):
        ServiceDeskEnv(level="easy", personas=given)


def test_given_tasks_take_no_personas() -> None:
    with pytest.raises(ConfigError, match=r"env_args.personas: given tasks have their users already"):
        ServiceDeskEnv(tasks=[sample_task("shop", "easy", 0)], level="easy", personas={"locale": {"zh": 1}})


def test_they_are_given_on_the_command_line() -> None:
    words = ["level=easy", "personas={locale: {zh: 1.0}, disclosure: {drip: 1.0}}"]
    assert {(one.locale, one.disclosure) for one in people(ServiceDeskEnv(**parse_env_args(words)))} == {("zh", "drip")}
    wrong = [word.replace("zh:", "zz:") for word in words]
    failed = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["eval", "expert", "--env", "service_desk", *wrong])
    assert failed.exit_code == 2
    assert "env_args.personas.locale.zz: Input should be 'en', 'zh' or 'mixed'" in failed.output
