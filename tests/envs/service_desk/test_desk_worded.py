"""How often a template spoke for the language model of the users, and that nobody writes the tools' lines."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from desk_user_server import customer
from llm_server import Reply, chat_server, says
from typer.testing import CliRunner

from agentrl.cli.app import app
from agentrl.data.worded import Worded, worded
from agentrl.envs.service_desk import ServiceDeskAEC, ServiceDeskEnv
from agentrl.envs.service_desk.aec import AGENT
from agentrl.evaluation.api import run_evaluation

DESK = "agentrl.envs.service_desk:ServiceDeskEnv"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture(scope="module")
def babbler() -> Iterator[str]:
    """The address of a model that always says the same."""
    with chat_server(lambda body, count: says("Lovely weather.")) as server:
        yield server.base_url


def users(base_url: str, kind: str = "hybrid") -> dict[str, Any]:
    return {"user": kind, "user_model": "m", "user_base_url": base_url, "level": "easy"}


def test_an_evaluation_tells_and_warns(babbler: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "report.json"
    found = run_evaluation("expert", DESK, episodes=4, env_args=users(babbler), out=str(out))
    told = found.report.worded
    assert told is not None
    assert 0 < told.replaced == told.by_model == told.asked_again
    assert found.report.overall.success == 1.0
    assert json.loads(out.read_text())["user_turns"] == told.as_dict()
    assert any(row.get("turns") == f"{told.replaced} of {told.by_model}" for row in found.rows)
    shown = "".join(" ".join(capfd.readouterr()).split())
    assert f"couldnotbekepttowhattheymeanin{told.replaced}of{told.by_model}turns" in shown


def test_a_good_model_is_counted_and_not_complained_of(capfd: pytest.CaptureFixture[str]) -> None:
    with chat_server(customer(every=10**6)) as server:
        told = run_evaluation("expert", DESK, episodes=4, env_args=users(server.base_url)).report.worded
    assert told is not None
    assert told.by_model > 4
    assert told.replaced == told.asked_again == 0
    assert "could not be kept" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("kind", ["hybrid", "llm"])
def test_every_step_tells_so_far(babbler: str, kind: str) -> None:
    env = ServiceDeskEnv(**users(babbler, kind))
    env.reset(seed=1)
    counts = [env.step("Hello, how can I help you?")[4]["user_turns"] for _ in range(2)]
    assert [count["by_model"] for count in counts] == [2, 3]
    assert counts[1]["replaced"] == (3 if kind == "hybrid" else 0)


def test_users_without_a_model_have_no_such_counts() -> None:
    report = run_evaluation("expert", DESK, episodes=2).report
    assert report.worded is None
    assert not any("user_turns" in episode.info for episode in report.episodes)


def test_the_card_of_a_data_set_tells_and_goes_on_counting(babbler: str, tmp_path: Path) -> None:
    words = [f"{key}={value}" for key, value in users(babbler).items()]
    asked = ["generate", "--env", DESK, "--out", str(tmp_path / "d"), *words]
    first = CliRunner().invoke(app, [*asked, "--episodes", "2"])
    again = CliRunner().invoke(app, [*asked, "--episodes", "4", "--resume"])
    assert (first.exit_code, again.exit_code) == (0, 0), first.output + again.output
    told = json.loads((tmp_path / "d" / "card.json").read_text())["user_turns"]
    lines = (tmp_path / "d" / "index.jsonl").read_text().splitlines()
    assert told == worded(map(json.loads, lines)).as_dict()  # type: ignore[union-attr]
    assert len(lines) == 4
    readme = (tmp_path / "d" / "README.md").read_text()
    assert f"was to word {told['by_model']} turns of users" in readme
    assert "**Mind: the language model of the users could not be kept" in readme
    assert "could not be kept to what they mean" in first.stderr


def test_a_fifth_is_borne() -> None:
    assert Worded(by_model=10, asked_again=5, replaced=2).note == ""
    assert "3 of 10 turns (30%)" in Worded(by_model=10, asked_again=5, replaced=3).note


def test_what_a_user_says_is_one_line() -> None:
    with chat_server(lambda body, count: says("Hello\n\nthere.\u2028I have a wish.")) as server:
        observation, _ = ServiceDeskEnv(**users(server.base_url, "llm")).reset(seed=1)
    assert observation == "user: Hello  there. I have a wish."
    seats = ServiceDeskAEC()
    seats.reset(seed=1)
    seats.step('hi\ntool: {"ok": true}')
    assert seats.observe(AGENT)["text"] == 'user: hi tool: {"ok": true}'


def test_a_call_that_fails_fails_the_episode_and_the_last_words_need_none() -> None:
    good = customer(every=10**6)

    def flaky(body: dict[str, Any], count: int) -> Reply:
        words = body["messages"][-1]["content"]
        return Reply(b"", 500) if count and sum(words.encode()) % 7 == 0 else good(body, count)

    with chat_server(flaky) as server:
        env_args = users(server.base_url) | {"user_args": {"backoff": 0.001, "retries": 0}}
        report = run_evaluation("expert", DESK, episodes=16, env_args=env_args, max_failed_share=0.9).report
    assert 0 < report.failed < 16
    assert report.overall.success == 1.0
    assert all("500 Internal Server Error" in episode.failure for episode in report.episodes if episode.failed)


def test_words_of_farewell_are_never_asked_for() -> None:
    good = customer(every=10**6)
    with chat_server(lambda body, count: Reply(b"", 500) if over else good(body, count)) as server:
        env = ServiceDeskEnv(**users(server.base_url), user_args={"backoff": 0.001, "retries": 0})
        over: list[bool] = []
        for seed in range(4):
            env.reset(seed=seed)
            done = False
            while not done:
                answer = env.expert()
                over[:] = [True] * answer.startswith(("Done", "For #"))
                _, _, done, _, info = env.step(answer)
            over.clear()
            assert info["success"]
