"""A domain of one's own, as a researcher has one: the example of the documentation, wherever a domain is named."""

import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from desk_domains import FILE, LIBRARY, agentrl, written
from test_desk_constant_agents import AGENTS, successes

from agentrl.envs.service_desk import ServiceDeskAEC, ServiceDeskEnv, get_domain, sample_task
from agentrl.envs.service_desk.adversarial import make_tasks, verify_tasks
from agentrl.envs.service_desk.adversary_game import ServiceDeskAdversaryAEC
from agentrl.envs.service_desk.domains.base import Level
from agentrl.envs.service_desk.domains.goals import carried_out
from agentrl.envs.service_desk.domains.registry import load_domain
from agentrl.envs.service_desk.playback import play
from agentrl.errors import TaskFileError
from agentrl.simulators.adversary import Settings, read_tasks

LEVELS: tuple[Level, ...] = ("easy", "full")


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
    assert successes(AGENTS[name], 100, domain=LIBRARY, level="easy")[0] == 0


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


def test_the_documented_commands_run_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder that has the example where the root has it; fewer episodes and tasks, and no training."""
    (tmp_path / "docs" / "examples").mkdir(parents=True)
    shutil.copy(FILE, tmp_path / "docs" / "examples")
    monkeypatch.chdir(tmp_path)
    text = FILE.parents[1].joinpath("service_desk.md").read_text(encoding="utf-8")
    block = text.partition("### A domain of your own")[2].partition("The name is")[0]
    lines = [line.strip().removeprefix("agentrl ") for line in block.splitlines() if line.startswith("    agentrl ")]
    fewer = {"generate": "--episodes 6", "adversary generate": "--count 6", "eval": "--episodes 6"}
    ran = 0
    for line in (line for line in lines if not line.startswith("train ")):
        less = next((words for name, words in fewer.items() if line.startswith(f"{name} ")), "")
        done = agentrl(*shlex.split(f"{line} {less}"))
        assert done.exit_code == 0, f"agentrl {line}: {done.output}"
        ran += 1
    assert ran == 5
    assert "100" in done.output  # the expert's share of successes, in percent


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


def test_a_domain_that_has_changed_since_is_named(tmp_path: Path) -> None:
    file = tmp_path / "hard.jsonl"
    settings = Settings(operators=("press",))
    make_tasks(file, 4, domain=written(tmp_path), settings=settings)
    assert verify_tasks(file) == ([], 4)
    # The same numbers with another field: the tasks can be played, and their proofs are of another domain.
    load_domain(written(tmp_path, '"reserved_at": "", ', '"reserved_at": "", "shelf": "A", '))
    problems, _ = verify_tasks(file)
    assert len(problems) == 4
    assert all("another database: the domain" in problem and "has changed since" in problem for problem in problems)
    ServiceDeskEnv(task_file=file)
    # Other numbers.
    load_domain(written(tmp_path, 'seeded("library", seed)', 'seeded("archive", seed)'))
    with pytest.raises(TaskFileError, match=r"4 broken lines.*\n.*: the domain .* has changed since the task"):
        ServiceDeskEnv(task_file=file)


def test_dialogues_are_shown() -> None:
    shown = agentrl("adversary", "show", "drip", "contradict", "--domain", LIBRARY, "--level", "easy")
    assert shown.exit_code == 0, shown.output
    assert shown.output.count('"name": "get_loan"') >= 2
