"""`service_desk` with users that a language model words or plays, against a real server on the loopback."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from desk_user_server import customer
from llm_server import Answer, Reply, chat_server, says
from tiny_settings import TINY
from typer.testing import CliRunner, Result

from agentrl.cli.app import app
from agentrl.envs.service_desk import ServiceDeskEnv
from agentrl.errors import ConfigError, EndpointError
from agentrl.evaluation.api import run_evaluation
from agentrl.evaluation.evaluate import EvalReport

DESK = "agentrl.envs.service_desk:ServiceDeskEnv"
QUICK = {"backoff": 0.001, "retries": 1}
URL = "http://127.0.0.1:1/v1"


@pytest.fixture(autouse=True)
def _no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def desk(base_url: str, user: Any, **env_args: Any) -> ServiceDeskEnv:
    return ServiceDeskEnv(user=user, user_model="m", user_base_url=base_url, user_args=QUICK, **env_args)


def last_of(body: dict[str, Any]) -> str:
    return str(body["messages"][-1]["content"])


def play(env: ServiceDeskEnv, seed: int) -> tuple[bool, list[str]]:
    """The expert's episode: whether it succeeded, and everything that it read."""
    observation, _ = env.reset(seed=seed)
    read = [observation]
    while True:
        observation, _, terminated, truncated, info = env.step(env.expert())
        read.append(observation)
        if terminated or truncated:
            return info["success"], read


@pytest.mark.parametrize(
    ("user", "level", "domain"),
    [("hybrid", "full", "both"), ("hybrid", "tiny", "shop"), ("llm", "tiny", "shop"), ("llm", "easy", "travel")],
)
def test_the_expert_serves_them_and_made_up_orders_never_reach_it(user: str, level: Any, domain: Any) -> None:
    with chat_server(customer()) as server:
        env = desk(server.base_url, user, level=level, domain=domain)
        played = [play(env, seed) for seed in range(20)]
    assert all(success for success, _ in played)
    assert not any("W00000" in text or "<think>" in text for _, read in played for text in read)
    assert any("Try again" in last or "Write it again" in last for last in map(last_of, server.requests))


def test_the_same_seed_is_the_same_dialogue() -> None:
    def dialogue() -> list[str]:
        with chat_server(customer(every=10**6)) as server:
            return play(desk(server.base_url, "llm", level="easy"), 3)[1]

    assert dialogue() == dialogue()


def once_in(every: int, reply: Reply, message: int = 0) -> Answer:
    """A customer who after a greeting fails where the message of this number is an `every`-th, however often asked.

    The first, a prompt, is the same throughout a dialogue of an LLMUser.
    """
    good = customer(every=10**6)

    def answer(body: dict[str, Any], count: int) -> Reply:
        return reply if count and sum(body["messages"][message]["content"].encode()) % every == 0 else good(body, count)

    return answer


FAILURES = {
    "500": (Reply(b'{"error": {"message": "CUDA out of memory"}}', 500), "500 Internal Server Error: CUDA out of mem"),
    "json": (Reply(b'{"choices": [{"mess'), "answered what is no JSON"),
    "closed": (Reply(None), "e"),
    "empty": (Reply(b'{"choices": []}'), "answered without a choice"),
    "cut": (says("I would like to", finish_reason="length"), "did not finish its answer within max_tokens=512"),
    "thoughts": (says("<think>hm", finish_reason="length"), "answered with thoughts only"),
    "gone": (Reply(b'{"message": "The model `m` does not exist."}', 404), "404 Not Found: The model `m` does not"),
    "slow": (Reply(b"", delay=1.0), "did not answer within 0.2 s"),
}


def evaluate(answer: Answer, user: str = "llm", env: str = DESK, **user_args: Any) -> EvalReport:
    with chat_server(answer) as server:
        env_args = {"user": user, "user_model": "m", "user_base_url": server.base_url, "user_args": user_args}
        return run_evaluation("expert", env, episodes=16, env_args=env_args, max_failed_share=0.9).report


@pytest.mark.parametrize(
    ("user", "kind"), [*(("llm", kind) for kind in FAILURES), ("hybrid", "500"), ("hybrid", "json"), ("hybrid", "cut")]
)
def test_what_goes_wrong_fails_the_episode_and_never_pays_0(
    user: str, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    reply, told = FAILURES[kind]
    failing = once_in(3, reply) if user == "llm" else once_in(9, reply, message=-1)
    report = evaluate(failing, user, **QUICK, timeout=0.2 if kind == "slow" else 5.0)
    failed = [episode for episode in report.episodes if episode.failed]
    assert 0 < report.failed == len(failed) < 16
    assert report.overall.n == 16 - report.failed
    assert report.overall.success == 1.0  # nothing that failed counts against the policy
    assert all(told in episode.failure for episode in failed)
    shown = "".join(capfd.readouterr())
    assert f"{report.failed} of 16 episodes FAILED" in shown
    assert "users: m at http://127.0.0.1:" in shown


FLOOD = """
from agentrl.envs.service_desk import ServiceDeskEnv
class Flood(ServiceDeskEnv):
    def expert(self):
        return super().expert() if self.session.task.seed % 4 == 1 else "so " * 9_000
"""


@pytest.mark.parametrize("user", ["llm", "hybrid"])
def test_an_agent_that_floods_its_users_loses(user: str, tmp_path: Path) -> None:
    (tmp_path / "flood_env.py").write_text(FLOOD)
    good = customer(every=10**6)

    def small(body: dict[str, Any], count: int) -> Reply:
        """A server of vLLM's kind with a context of about 1,000 tokens."""
        if sum(len(message["content"]) for message in body["messages"]) > 4_000:
            return Reply(b'{"error": {"message": "This model\'s maximum context length is 1024 tokens"}}', 400)
        return good(body, count)

    report = evaluate(small, user, f"{tmp_path}/flood_env.py:Flood", **QUICK)
    flooded = ["so so" in episode.trajectories[0].turns[0].text for episode in report.episodes]
    assert report.failed == 0
    assert 0 < sum(flooded) < 16
    assert [episode.success for episode in report.episodes] == [not one for one in flooded]


def agentrl(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "200"}).invoke(app, [*words])


@pytest.mark.parametrize(
    ("command", "rest"),
    [("train", ()), ("eval", ("expert",)), ("generate", ("--out", "x.jsonl"))],
)
def test_a_wrong_model_is_told_before_anything_is_played(
    command: str, rest: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with chat_server(lambda body, count: Reply(b'{"message": "The model `m` does not exist."}', 404)) as server:
        users = ("env_args.user=llm", "env_args.user_model=m", f"env_args.user_base_url={server.base_url}")
        result = agentrl(command, *rest, "--env", DESK, *users)
    assert result.exit_code == 1
    assert "404 Not Found: The model `m` does not exist. Check the model's name" in result.stderr
    assert len(server.requests) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("env_args", "message"),
    [
        ({"user": "lm"}, "must be one of agenda, hybrid, llm"),
        ({"user": "llm"}, "needs env_args.user_model and env_args.user_base_url"),
        ({"user": "llm", "user_model": "m", "user_base_url": "localhost:8000"}, "is no address"),
        (
            {"user": "llm", "user_model": "m", "user_base_url": URL, "user_args": {"max_token": 9}},
            "user_args.max_token: there is no such setting. Did you mean 'max_tokens'?",
        ),
        ({"user": "llm", "user_model": "m", "user_base_url": URL, "user_args": {"api_key": "k"}}, "OPENAI_API_KEY"),
        ({"user": "llm", "user_model": "m", "user_base_url": URL, "user_args": {"timeout": 0}}, "timeout=0"),
        ({"user": "hybrid", "user_model": "m", "user_base_url": URL, "user_args": {"retries": "x"}}, "retries='x'"),
    ],
)
def test_wrong_settings_are_refused(env_args: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        ServiceDeskEnv(**env_args)


def test_nobody_there_is_told_when_the_environment_is_asked() -> None:
    env = desk(URL, "llm")
    with pytest.raises(EndpointError, match="is the server running"):
        env.conditions()
    with pytest.raises(EndpointError):
        env.reset(seed=0)


def test_users_that_need_nothing_ask_nobody() -> None:
    assert ServiceDeskEnv().conditions() == ""


def steps(folder: Path, answer: Callable[..., Reply], *words: str) -> Result:
    """Two steps of a tiny policy, from the command line; the cold start has the users that cost nothing by itself."""
    with chat_server(answer) as server:
        return agentrl(
            *("train", "--env", DESK, "env_args.user=llm", "env_args.user_model=m"),
            f"env_args.user_base_url={server.base_url}",
            *("env_args.user_args.backoff=0.001", "cold_start_episodes=32"),
            *("cold_start_cache=false", "num_groups=2", "group_size=2", "max_steps=2", "eval_episodes=8"),
            *(f"tiny.{name}={value}" for name, value in TINY.items()),
            *(f"output_dir={folder}", "run_name=r", *words),
        )


def test_a_policy_trains_with_them_from_the_command_line(tmp_path: Path) -> None:
    result = steps(tmp_path, customer(), "env_args.personas.locale.zh=1.0")  # which its demonstrations can't show
    assert result.exit_code == 0, result.output
    told = "played with user=agenda, without user_model, user_base_url, user_args, personas"
    assert told in (tmp_path / "r" / "run.log").read_text()
    assert "users: m at http://127.0.0.1:" in result.output
    assert "held-out success after training" in result.output


def test_a_run_says_why_episodes_failed_and_stops_where_too_many_do(tmp_path: Path) -> None:
    failing = once_in(3, FAILURES["500"][0])
    lenient = steps(tmp_path / "a", failing, "max_failed_share=0.95")
    assert lenient.exit_code == 0, lenient.output
    assert "FAILED and are left out" in lenient.output
    assert "CUDA out of memory" in lenient.output
    strict = steps(tmp_path / "b", failing, "max_failed_share=0")
    assert strict.exit_code == 1
    assert "CUDA out of memory" in strict.stderr


def test_ctrl_c_does_not_wait_for_users_that_hang() -> None:
    good = customer()
    with chat_server(lambda body, count: Reply(b"", delay=60.0) if count else good(body, count)) as server:
        words = ("user=llm", "user_model=m", f"user_base_url={server.base_url}", "user_args.timeout=60")
        program = "from agentrl.cli import main; main()"
        running = subprocess.Popen(
            [sys.executable, "-c", program, "eval", "expert", "--env", DESK, *words], stderr=subprocess.PIPE, text=True
        )
        try:
            deadline = time.monotonic() + 60
            while len(server.requests) < 2 and time.monotonic() < deadline:
                time.sleep(0.05)
            running.send_signal(signal.SIGINT)
            _, shown = running.communicate(timeout=30)
        finally:
            running.kill()
    assert running.returncode == 130
    assert "stopped by Ctrl-C" in shown
