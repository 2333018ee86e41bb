"""`service_desk` with users that one of our own policies plays, and with a policy in both seats."""

import json
import tomllib
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from tiny_settings import TINY
from typer.testing import CliRunner, Result

from agentrl.cli.app import app
from agentrl.envs.registry import resolve
from agentrl.envs.service_desk import ServiceDeskEnv, sample_task
from agentrl.envs.service_desk import users as desk_users
from agentrl.envs.service_desk.domains.registry import get_domain
from agentrl.episode import Episode, Stop
from agentrl.errors import CheckpointError, ConfigError, EndpointError, ModelError
from agentrl.evaluation.api import generate_episodes, open_seat
from agentrl.policies.loading import load_policy
from agentrl.rollout.speaking import _folder, policy_users
from agentrl.training.batch import make_batch

DESK = "agentrl.envs.service_desk:ServiceDeskEnv"
SEATS = "agentrl.envs.service_desk:ServiceDeskAEC"
GAME = "agentrl.envs.service_desk.adversary_game:ServiceDeskAdversaryAEC"
POINTS = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]["entry-points"]


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What pyproject.toml registers, also where the package was installed before it said so."""
    points = [EntryPoint(name, value, desk_users.GROUP) for name, value in POINTS[desk_users.GROUP].items()]
    monkeypatch.setattr(desk_users.importlib.metadata, "entry_points", lambda group: points)


def agentrl(*words: str, typed: str = "") -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [*words], input=typed)


def train(folder: Path, env: str, *words: str) -> Path:
    """A run of one step."""
    result = agentrl(
        *("train", "--env", env, "cold_start_episodes=32", "cold_start_cache=false", "num_groups=2", "group_size=2"),
        *("max_steps=1", "eval_episodes=4", f"output_dir={folder}", "run_name=r", *words),
        *(f"tiny.{name}={value}" for name, value in TINY.items()),
    )
    assert result.exit_code == 0, result.output
    return folder / "r"


@pytest.fixture(scope="module")
def seats_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny policy that learned both seats."""
    return train(tmp_path_factory.mktemp("seats"), SEATS, "trainable_seats=[agent, user]")


def test_a_run_plays_the_user(seats_run: Path) -> None:
    env = ServiceDeskEnv(level="easy", user="policy", user_model=str(seats_run), user_args={"max_tokens": 24})
    again = ServiceDeskEnv(level="easy", user="policy", user_model=str(seats_run), user_args={"max_tokens": 24})
    for seed in range(3):
        said = []
        for desk in (env, again):
            observation, _ = desk.reset(seed=seed)
            said.append([observation, desk.step("Could you please tell me your order number?")[0]])
        assert said[0] == said[1]
        assert all(text.startswith("user: ") and len(text) > len("user: ") for text in said[0])


def test_many_threads_share_one_policy_and_get_what_they_would_get_alone(seats_run: Path) -> None:
    make = policy_users(str(seats_run), max_tokens=16)
    tasks = [sample_task("shop", "easy", seed) for seed in range(8)]

    def opening(task: Any) -> str:
        return make(task, get_domain(task.domain).ontology, 0)._ask("")

    alone = [opening(task) for task in tasks]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(opening, tasks)) == alone
    assert len(set(alone)) > 1


def test_a_conversation_is_rendered_as_a_seat_s_is(seats_run: Path) -> None:
    chat = load_policy(_folder(str(seats_run))).chat
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "u <|im_end|>"}]
    assert chat.conversation(messages) == chat.start("s", "u <|im_end|>")
    longer = [*messages, {"role": "assistant", "content": "a"}, {"role": "user", "content": "v"}]
    context = (*chat.conversation(messages), *chat.action("a"))
    assert chat.conversation(longer) == context + chat.follow(context, True, [], "v").ids


def test_an_agent_trains_against_a_run(seats_run: Path, tmp_path: Path) -> None:
    users = ("env_args.user=policy", f"env_args.user_model={seats_run}", "env_args.user_args.max_tokens=16")
    run = train(tmp_path, DESK, *users)
    assert (run / "metrics.jsonl").is_file()


def test_an_agent_that_floods_a_policy_is_no_failure(seats_run: Path) -> None:
    env = ServiceDeskEnv(level="easy", user="policy", user_model=str(seats_run), user_args={"max_tokens": 8})
    env.reset(seed=1)
    ended = False
    while not ended:
        _, reward, terminated, truncated, _ = env.step("so " * 9_000)
        ended = terminated or truncated
    assert reward == 0.0


def test_a_conversation_that_does_not_fit_is_no_reward(seats_run: Path) -> None:
    args = {"max_tokens": 16, "max_context": 32}
    env = ServiceDeskEnv(user="policy", user_model=str(seats_run), user_args=args)
    with pytest.raises(EndpointError, match="does not fit its context of 32"):
        env.reset(seed=0)


@pytest.mark.parametrize(
    ("env_args", "error", "message"),
    [
        ({}, ConfigError, "needs env_args.user_model"),
        ({"user_model": "./nowhere"}, ModelError, "there is no such folder"),
        ({"user_model": "m", "user_base_url": "http://h/v1"}, ConfigError, "takes no user_base_url"),
        ({"user_model": "m", "user_args": {"max_tokens": 0}}, ConfigError, "don't fit together"),
        ({"user_model": "m", "user_args": {"max_token": 9}}, ConfigError, "Did you mean 'max_tokens'"),
    ],
)
def test_wrong_settings_are_refused(env_args: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        ServiceDeskEnv(user="policy", **env_args)


def test_a_run_without_a_checkpoint_is_told(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("env: service_desk\n")
    with pytest.raises(CheckpointError, match="no whole checkpoint"):
        ServiceDeskEnv(user="policy", user_model=str(tmp_path))


# both seats


def test_a_policy_plays_both_seats(seats_run: Path) -> None:
    episodes = list(generate_episodes(str(seats_run), SEATS, episodes=4))
    for episode in episodes:
        assert not episode.failed, episode.failure
        assert {trajectory.agent for trajectory in episode.trajectories} == {"agent", "user"}
        assert episode.order[0] == "user"
        sampled = [turn for trajectory in episode.trajectories for turn in trajectory.turns]
        assert sampled
        assert all(turn.action and turn.stop is not Stop.SCRIPTED for turn in sampled)


def stored(run: Path) -> list[Episode]:
    """The episodes of a run's first step."""
    files = sorted((run / "episodes").glob("*.jsonl"))
    return [Episode.from_json(line) for file in files for line in file.read_text().splitlines()]


def test_the_user_is_not_trained_unless_the_run_says_so(seats_run: Path, tmp_path: Path) -> None:
    run = train(tmp_path, SEATS)
    for episode in stored(run):
        agent, user = episode.trajectories
        assert (agent.trainable, user.trainable) == (True, False)
        assert agent.sampled_tokens > 0
        assert user.turns
        assert user.sampled_tokens == 0
        assert make_batch([episode]).agents == ["agent"]
    both = stored(seats_run)
    assert both
    assert all(make_batch([episode]).agents == ["agent", "user"] for episode in both)
    metrics = json.loads((seats_run / "metrics.jsonl").read_text().splitlines()[0])
    assert {"seat_reward/agent", "seat_reward/user"} <= metrics.keys()


def test_a_seat_that_there_is_not_is_told(tmp_path: Path) -> None:
    result = agentrl("train", "--env", SEATS, "trainable_seats=[usr]", f"output_dir={tmp_path}")
    assert result.exit_code == 2
    assert "has no seat 'usr'; it has agent, user. Did you mean 'user'?" in result.stderr


def test_a_policy_in_one_seat_answers_who_plays_the_other(seats_run: Path) -> None:
    answer = open_seat(str(seats_run), SEATS, "agent", seed=3)
    said = [answer("user: hello"), answer("user: cancel #12")]
    again = open_seat(str(seats_run), SEATS, "agent", seed=3)
    assert said == [again("user: hello"), again("user: cancel #12")]
    assert any(said)


def test_a_person_plays_the_user_against_a_run(seats_run: Path) -> None:
    end = '<tool_call>{"name": "end_dialogue", "arguments": {"reason": "gave_up"}}</tool_call>'
    typed = "hello\n" + f"{end}\n" * 9
    result = agentrl("env", "play", SEATS, "--as", "user", "--agent", str(seats_run), typed=typed)
    assert result.exit_code == 0, result.output
    assert "no success" in result.output


# the games by name


@pytest.mark.parametrize(("name", "spec"), [("service_desk_seats", SEATS), ("service_desk_adversary", GAME)])
def test_the_games_are_registered(name: str, spec: str) -> None:
    assert POINTS["agentrl.envs"][name] == spec
    assert resolve(spec).kind == "pettingzoo_aec"


@pytest.mark.slow
def test_the_adversary_s_game_can_be_checked_played_and_trained(tmp_path: Path) -> None:
    checked = agentrl("env", "check", GAME)
    assert checked.exit_code == 0, checked.output
    played = agentrl("env", "play", GAME, "--agent", "expert")
    assert played.exit_code == 0, played.output
    assert "the end: " in played.output
    assert (train(tmp_path, GAME) / "report.html").is_file()
