"""A domain of one's own, as a researcher has one: the example of the documentation, wherever a domain is named."""

import json
import subprocess
import sys
import time
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from test_desk_constant_agents import AGENTS, successes
from typer.testing import CliRunner, Result

from agentrl.cli.app import app
from agentrl.envs.service_desk import ServiceDeskAEC, ServiceDeskEnv, get_domain, sample_task
from agentrl.envs.service_desk.adversary_game import ServiceDeskAdversaryAEC
from agentrl.envs.service_desk.domains import registry
from agentrl.envs.service_desk.domains.base import Level
from agentrl.envs.service_desk.domains.goals import carried_out
from agentrl.envs.service_desk.playback import play
from agentrl.errors import ConfigError, UserError
from agentrl.simulators.adversary import read_tasks

FILE = Path(__file__).parents[3] / "docs" / "examples" / "library.py"
LIBRARY = f"{FILE}:Library"
LEVELS: tuple[Level, ...] = ("easy", "full")
TINY = """

class Small(Library):
    name = "library_tiny"
    prompt = policy = "Look the loan up by number and card. Renew, hand in or reserve as the rules say."

Library.tiny = Small
"""


def agentrl(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "300"}).invoke(app, list(words))


def written(folder: Path, old: str = " ", new: str = " ", more: str = "") -> str:
    """The name of the domain in a copy of the example with a part replaced, and something added."""
    text = FILE.read_text(encoding="utf-8")
    assert old in text
    file = folder / "library.py"
    file.write_text(text.replace(old, new) + more, encoding="utf-8")
    return f"{file}:Library"


# tasks


@pytest.mark.parametrize("split", ["train", "test"])
@pytest.mark.parametrize("level", LEVELS)
def test_the_expert_solves_all_and_who_does_nothing_none(level: Level, split: str) -> None:
    kinds = set()
    for number in range(100):
        task = sample_task(LIBRARY, level, number, split)
        kinds |= {(wish.kind, wish.permitted) for wish in task.goal.subgoals}
        played = play(task, seed=number % 5)
        assert played.success, "\n".join([str(played.verdict), *played.violations, *played.lines])
        assert not play(task, "noop").success
    assert len(kinds) == 7  # four wishes, and each but the question also refused


@pytest.mark.parametrize("name", AGENTS)
def test_a_constant_agent_never_succeeds(name: str) -> None:
    assert successes(AGENTS[name], domain=LIBRARY, level="easy")[0] == 0


@pytest.mark.parametrize("level", LEVELS)
def test_gold_states_are_reached_and_permission_is_the_policy_s(level: Level) -> None:
    for number in range(100):
        task = sample_task(LIBRARY, level, number)
        domain = get_domain(task.domain)
        before, gold = domain.new_state(task.seed), domain.gold_state(task)
        changes = [wish for wish in carried_out(task.goal) if wish.kind in domain.writes]
        assert (domain.project(gold) != domain.project(before)) == bool(changes)
        assert all(domain.holds(gold, wish.kind, wish.slots) for wish in changes)
        for wish in task.goal.subgoals:
            assert wish.permitted == (domain.refusal(before, wish.kind, wish.slots) == "")


def test_the_same_tasks_in_another_process_and_by_another_name() -> None:
    code = (
        "from agentrl.envs.service_desk.playback import play\n"
        "from agentrl.envs.service_desk.tasks import sample_task\n"
        "for level in ('easy', 'full'):\n"
        "    for n in range(8): print(play(sample_task('library:Library', level, n)).digest)\n"
    )
    here = [play(sample_task(LIBRARY, level, n)).digest for level in LEVELS for n in range(8)]
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=FILE.parent)
    assert ran.stdout.split() == here
    assert len(set(here)) > 12


def test_its_own_reasons_are_told_in_chinese() -> None:
    ontology = get_domain(LIBRARY).ontology
    lines = [
        line
        for number in range(300)
        for line in play(sample_task(LIBRARY, "full", number)).lines
        if line.startswith("agent: 抱歉")
    ]
    assert len(lines) > 5
    assert {line.partition("：")[2].rstrip("。") for line in lines} <= {
        words["zh"][0] for words in ontology.reasons.values()
    }


# everywhere a domain is named


def test_the_environment_keeps_its_promises() -> None:
    checked = agentrl("env", "check", "service_desk", f"domain={LIBRARY}", "level=easy")
    assert checked.exit_code == 0, checked.output
    assert ", 0 failed" in checked.output


def test_its_policy_and_tools_are_in_the_prompt() -> None:
    env = ServiceDeskEnv(domain=LIBRARY, level="full")
    assert "You serve the members of a library." in env.system_prompt
    assert '"name": "renew_loan"' in env.system_prompt
    _, info = env.reset(seed=0)
    assert [schema["function"]["name"] for schema in info["tools"]][:2] == ["get_loan", "find_member"]


def test_both_seats_are_played() -> None:
    env = ServiceDeskAEC(domain=LIBRARY, level="easy")
    for seed in range(10):
        env.reset(seed=seed)
        for seat in env.agent_iter():
            over = env.terminations[seat] or env.truncations[seat]
            success = env.infos[seat].get("success")
            env.step(None if over else env.expert(seat))
        assert success


def test_the_adversary_s_game_is_played() -> None:
    env = ServiceDeskAdversaryAEC(domain=LIBRARY, level="easy")
    for seed in range(3):
        env.reset(seed=seed)
        assert sum(env.infos["adversary"]["action_mask"]) > 5
        while not any(env.terminations.values()):
            env.step(env.expert(env.agent_selection))
        assert env.infos["agent"]["success"]


def test_data_are_generated(tmp_path: Path) -> None:
    words = (f"domain={LIBRARY}", "level=easy", "expert_mistake_rate=0.3")
    made = agentrl("generate", "--env", "service_desk", "--out", str(tmp_path / "data"), "--episodes", "12", *words)
    assert made.exit_code == 0, made.output
    rows = [json.loads(line) for file in tmp_path.glob("data/**/*.jsonl") for line in file.open(encoding="utf-8")]
    assert any("renew" in json.dumps(row) for row in rows)


def test_adversarial_tasks_are_made_verified_and_played(tmp_path: Path) -> None:
    file = tmp_path / "hard.jsonl"
    names = "wrong_value,withhold,press,note_injection,goal_change,chinese,on_behalf,sequel,say_fallback,ambiguous"
    made = agentrl(
        "adversary", "generate", str(file), "--count", "20", "--domain", LIBRARY, "--operators", names, "--seed", "1"
    )
    assert made.exit_code == 0, made.output
    tasks = read_tasks(file)
    assert {task.domain for task in tasks} == {LIBRARY}
    assert len({op.name for task in tasks for op in task.ops}) >= 6
    verified = agentrl("adversary", "verify", str(file))
    assert verified.exit_code == 0, verified.output
    env = ServiceDeskEnv(task_file=file)
    assert "members of a library" in env.system_prompt
    assert env.reset(seed=0)[1]["task_id"] in {task.id for task in tasks}


def test_dialogues_are_shown() -> None:
    shown = agentrl("adversary", "show", "drip", "contradict", "--domain", LIBRARY, "--level", "easy")
    assert shown.exit_code == 0, shown.output
    assert shown.output.count('"name": "get_loan"') >= 2


# names


def test_a_level_tiny_of_one_s_own(tmp_path: Path) -> None:
    name = written(tmp_path, more=TINY)
    solved = 0
    for number in range(100):
        task = sample_task(name, "tiny", number)
        assert task.domain == f"{name}.tiny"
        assert task.id.startswith("library_tiny-tiny-train-")
        solved += play(task, seed=number % 3).success
    assert solved == 100
    assert ServiceDeskEnv(domain=name).system_prompt.startswith("Look the loan up")
    # "./file.py" is enough where there is one trade, and its tiny class is none
    assert sample_task(name.removesuffix(":Library"), "tiny", 0).domain == f"{name}.tiny"
    # who derives from it has no such level before they say so
    more = written(tmp_path, more=f"{TINY}\n\nclass More(Library):\n    name = 'more'\n").replace(":Library", ":More")
    with pytest.raises(ConfigError, match="More has no level 'tiny', but easy and full: set the level"):
        ServiceDeskEnv(domain=more)


def test_a_short_name_from_an_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, more=TINY)
    (tmp_path / "library.py").rename(tmp_path / "lending_desk.py")
    monkeypatch.syspath_prepend(tmp_path)
    points = [EntryPoint("lending", "lending_desk:Library", registry.GROUP)]
    monkeypatch.setattr(registry.importlib.metadata, "entry_points", lambda group: points)
    assert sample_task("lending", "easy", 3).goal == sample_task(LIBRARY, "easy", 3).goal
    assert sample_task("lending", "easy", 3).domain == "lending"
    assert sample_task("lending", "tiny", 3).domain == "lending.tiny"
    assert play(sample_task("lending", "tiny", 3)).success
    with pytest.raises(ConfigError, match=r"one of shop, travel, both, lending, or .* Did you mean 'lending'"):
        ServiceDeskEnv(domain="lendin")


def test_a_file_that_changed_is_read_anew(tmp_path: Path) -> None:
    name = written(tmp_path)
    assert "of a library" in ServiceDeskEnv(domain=name, level="easy").system_prompt
    time.sleep(0.01)
    written(tmp_path, "members of a library", "readers of the archive")
    assert "of the archive" in ServiceDeskEnv(domain=name, level="easy").system_prompt


# what is wrong is told


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("shopp", "env_args.domain is 'shopp'; it must be one of shop, travel, both, or .* Did you mean 'shop'"),
        ("shop_tiny", "env_args.domain is 'shop_tiny'"),
        ("./nowhere.py:Library", "env_args.domain: ./nowhere.py: there is no such file"),
        ("no_such_module:Library", "env_args.domain: no_such_module: there is no module"),
        (f"{FILE}:Libary", "env_args.domain: .*there is no 'Libary'.* Domains there: Library"),
        (f"{FILE}:LibraryDesk", r"env_args.domain: .*LibraryDesk is no domain: derive the class from"),
        (LIBRARY, "env_args.domain: .*Library has no level 'tiny', but easy and full: set the level"),
    ],
)
def test_a_wrong_name_is_told(named: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        ServiceDeskEnv(domain=named)
    assert agentrl("adversary", "show", "--domain", named, "--level", "tiny").exit_code == 2


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("    def refusal(", "    def refuse(", "lacks refusal: a domain has to say"),
        ("    def wishes(", "    def wish(", "lacks wishes"),
        ('    name = "library"\n', "", "lacks name"),
        ('Write("renew_loan"', 'Write("renew_lone"', "by the tool 'renew_lone', which the toolbox lacks"),
        (
            'Write("end_loan", {"loan_id"',
            'Write("end_loan", {"loan"',
            "has 'loan', which is none of the intent's slots",
        ),
        ('"renew loan {loan_id}", "续', '"renew your loan", "续', r"`does` of 'renew' lacks \{loan_id\}"),
        (", info=True", "", "the intent 'due' must be in `writes`, or else a question"),
        ('{"deposit_paid": frozenset', '{"deposit": frozenset', "has 'deposit', which is none of the minefields"),
        ('return {"split": split, ', "return {", "make_state makes no 'split'"),
        ("split_of_seed(seed)\n", "'train'\n", "makes the split 'train' of seed 1"),
        ('"member": member, ', "", "has no 'member' that is a key of the members"),
        ("rng.sample(TITLES, 3)", '("It", "Emma", "Kim")', "has no 'title' that is one of `things`"),
        ('{"name": name, ', "{", "of the members has no 'name'"),
        ("rng.sample(NAMES, 4)", "rng.sample(NAMES, 40)", r"raised ValueError: .*library.py:"),
    ],
)
def test_a_domain_that_lacks_a_part_is_told_before_it_is_played(tmp_path: Path, old: str, new: str, told: str) -> None:
    name = written(tmp_path, old, new)
    with pytest.raises(ConfigError, match=f"(?s)env_args.domain: .*{told}"):
        ServiceDeskEnv(domain=name, level="easy")


def test_tasks_of_a_domain_that_is_gone_are_named(tmp_path: Path) -> None:
    task = sample_task(written(tmp_path), "easy", 0)
    (tmp_path / "tasks.jsonl").write_text(task.model_copy(update={"domain": f"{tmp_path}/gone.py:X"}).model_dump_json())
    with pytest.raises(UserError, match=r"(?s)tasks.jsonl:1: .*gone.py: there is no such file"):
        ServiceDeskEnv(task_file=tmp_path / "tasks.jsonl")


def test_a_game_for_one_domain_does_not_take_both_and_two_seats_do() -> None:
    with pytest.raises(ConfigError, match=r"env_args.domain is 'both'; it must be one of shop, travel, or"):
        ServiceDeskAdversaryAEC(domain="both")
    both = ServiceDeskAEC(domain="both", level="easy").system_prompts["agent"]
    assert "get_order" in both
    assert "get_booking" in both
    huge: Any = "huge"
    for env in (ServiceDeskAEC, ServiceDeskAdversaryAEC):
        with pytest.raises(ConfigError, match=r"env_args.level is 'huge'"):
            env(level=huge)
