"""The cold start: where the expert plays, what is imitated, and what the cache depends on."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tiny_settings import TINY

from agentrl.config import make_config
from agentrl.config.schema import TrainConfig
from agentrl.envs import TextEnv
from agentrl.envs.code_sandbox import CodeSandboxEnv
from agentrl.envs.registry import resolve
from agentrl.episode import Episode
from agentrl.rollout.collector import Collector
from agentrl.rollout.play import Job
from agentrl.rollout.scripts import noop_seat
from agentrl.training import cold_start
from agentrl.training.batch import Row
from agentrl.training.learner import Learner
from agentrl.training.progress import Display
from agentrl.training.setup import initial_policy, open_collector

WORDY = """
from agentrl.envs import TextEnv
class Wordy(TextEnv):
    def __init__(self, words):
        super().__init__()
    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return "go", {}
    def step(self, action):
        return "", 1.0, True, False, {"success": True}
    def expert(self):
        return "w"
"""


def config(**settings: Any) -> TrainConfig:
    base = {"env": "guess_number", "tiny": TINY, "cold_start_episodes": 6, "cold_start_epochs": 1}
    return make_config(**(base | settings))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AGENTRL_CACHE", str(tmp_path))
    return tmp_path


class Wishful(TextEnv):
    """Right at the second of two turns: "w", then "t 2". It notes how it is made, and wants other arguments."""

    tiny_cold_start_args: ClassVar[Mapping[str, Any]] = {"a": 1, "b": 1, "c": 1}
    made: ClassVar[list[dict[str, int]]] = []

    def __init__(self, a: int = 0, b: int = 0, c: int = 0, mark: bool | None = None, lost: str = "") -> None:
        super().__init__()
        self.made.append({"a": a, "b": b, "c": c})
        self.mark, self.lost = mark, lost

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        self.turn, self.seed = 1, seed or 0
        return "go", {}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        self.turn += 1
        if self.turn == 3:
            if self.lost and self.seed % 2:
                return "", 0.0, True, False, {"success": False, self.lost: True}
            return "", 1.0, True, False, {"success": True}
        return "again", 0.0, False, False, {} if self.mark is None else {"imitate": self.mark}

    def expert(self) -> str:
        return "w" if self.turn == 1 else "t 2"


def counting(collect: Callable[..., list[Episode]], told: list[int]) -> Callable[..., list[Episode]]:
    """`Collector.collect` that notes how many episodes it plays."""

    def count(self: Collector, jobs: Sequence[Job], *rest: Any) -> list[Episode]:
        told.append(len(jobs))
        return collect(self, jobs, *rest)

    return count


def demonstrations_made(settings: TrainConfig) -> list[dict[str, int]]:
    """The different arguments with which `Wishful` was made while its expert played."""
    collector = open_collector(settings, resolve(Wishful))
    Wishful.made.clear()
    initial_policy(settings, collector, Display())
    made = [args for number, args in enumerate(Wishful.made) if args not in Wishful.made[:number]]
    collector.close()
    return made


def episodes_imitated(settings: TrainConfig) -> list[Episode]:
    """What a cold start learns from."""
    collector, seen = open_collector(settings), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cold_start, "imitate", lambda _, episodes, *__: seen.extend(episodes))
        initial_policy(settings, collector, Display())
    collector.close()
    return seen


def read_and_imitated(monkeypatch: pytest.MonkeyPatch, mark: bool | None) -> tuple[list[str], set[str]]:
    """The whole texts that a cold start reads, and the actions in them that get a gradient.

    The first answer of each episode is marked with `mark`.
    """
    rows: list[Row] = []
    monkeypatch.setattr(Learner, "imitate", lambda _, part: rows.extend(part) or {"loss": 0.0})
    settings = config(env_args={"mark": mark}, cold_start_cache=False)
    collector = open_collector(settings, resolve(Wishful))
    chat = initial_policy(settings, collector, Display()).policy.chat
    collector.close()
    actions = {chat.text(row.ids[row.at[row.turn == turn]].tolist()) for row in rows for turn in row.turn}
    return [chat.text(row.ids.tolist()) for row in rows], actions


def test_the_expert_plays_with_the_arguments_of_the_cold_start() -> None:
    settings = config(cold_start_env_args={"highest": 2}, env_args={"max_turns": 4})
    assert {episode.category for episode in episodes_imitated(settings)} == {"1-2"}
    collector = open_collector(settings)
    assert "1-15" in {e.category for e in cold_start.expert_episodes(collector, settings, range(6), lambda *_: None)}
    collector.close()


def test_environments_are_made_with_the_given_arguments_or_else_with_the_configuration_s() -> None:
    for env_args, told in ((None, {"b": 2}), ({}, {}), ({"c": 7}, {"c": 7})):
        Wishful.made.clear()
        open_collector(config(env_args={"b": 2}), resolve(Wishful), env_args).close()
        assert Wishful.made == [dict.fromkeys("abc", 0) | told]


@pytest.mark.parametrize(
    ("env_args", "cold_start_env_args", "made"),
    [
        ({}, {}, {"a": 1, "b": 1, "c": 1}),
        ({"b": 2}, {}, {"a": 1, "b": 2, "c": 1}),
        ({}, {"c": 3}, {"a": 1, "b": 1, "c": 3}),
        ({"b": 2, "c": 2}, {"c": 3}, {"a": 1, "b": 2, "c": 3}),
        ({"a": 0}, {"b": 0, "c": 0}, {"a": 0, "b": 0, "c": 0}),
    ],
)
def test_what_the_user_says_goes_before_what_the_environment_wants_for_the_tiny_policy(
    env_args: dict[str, int], cold_start_env_args: dict[str, int], made: dict[str, int]
) -> None:
    settings = config(env_args=env_args, cold_start_env_args=cold_start_env_args)
    assert demonstrations_made(settings) == [made]


@pytest.mark.parametrize(
    ("env_args", "cold_start_env_args", "b"), [({}, {}, 1), ({"b": 2}, {}, 9), ({"b": 2}, {"b": 3}, 3)]
)
def test_what_would_make_demonstrations_dear_is_replaced_unless_it_is_asked_for_there(
    env_args: dict[str, int], cold_start_env_args: dict[str, int], b: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Wishful, "cold_start_args", {"b": 9})
    settings = config(env_args=env_args, cold_start_env_args=cold_start_env_args)
    assert demonstrations_made(settings) == [{"a": 1, "b": b, "c": 1}]


def test_a_given_model_s_cold_start_takes_nothing_but_what_the_user_says(cache: Path) -> None:
    collector = open_collector(config())
    initial_policy(config(), collector, Display()).policy.save(cache / "given")
    collector.close()
    settings = config(model_name_or_path=str(cache / "given"), env_args={"b": 2, "c": 2}, cold_start_env_args={"c": 3})
    assert demonstrations_made(settings) == [{"a": 0, "b": 2, "c": 3}]


def test_a_wish_that_the_environment_does_not_take_is_passed_over() -> None:
    def narrow(a: int = 0) -> Wishful:
        return Wishful(a=a)

    Wishful.made.clear()
    collector = open_collector(config(), resolve(narrow))
    initial_policy(config(), collector, Display())
    collector.close()
    assert {"a": 1, "b": 0, "c": 0} in Wishful.made


def test_rl_plays_without_what_the_environment_wants_for_the_cold_start() -> None:
    Wishful.made.clear()
    collector = open_collector(config(env_args={"b": 2}), resolve(Wishful))
    initial_policy(config(env_args={"b": 2}), collector, Display())
    del Wishful.made[1:]
    collector.collect([Job("g", 0, 0), Job("g", 1, 1)], noop_seat)
    collector.close()
    assert all(made == {"a": 0, "b": 2, "c": 0} for made in Wishful.made)


def test_the_wishes_of_an_environment_are_not_changed_by_a_cold_start() -> None:
    demonstrations_made(config(env_args={"a": 5}, cold_start_env_args={"b": 5}))
    assert Wishful.tiny_cold_start_args == {"a": 1, "b": 1, "c": 1}


def test_code_sandbox_wants_a_careless_expert_and_its_wishes_are_arguments_that_it_takes() -> None:
    settings = config(env="code_sandbox")
    collector = open_collector(settings)
    collector.close()
    assert collector.tiny_cold_start_args == CodeSandboxEnv.tiny_cold_start_args != {}
    open_collector(settings, env_args=collector.tiny_cold_start_args).close()


@pytest.mark.parametrize(("mark", "imitated"), [(None, {"w", "t 2"}), (True, {"w", "t 2"}), (False, {"t 2"})])
def test_an_answer_is_imitated_unless_it_is_marked_and_read_in_any_case(
    monkeypatch: pytest.MonkeyPatch, mark: bool | None, imitated: set[str]
) -> None:
    texts, actions = read_and_imitated(monkeypatch, mark)
    assert actions == imitated
    assert len(texts) == 6
    assert all("assistant\nw" in text and "assistant\nt 2" in text for text in texts)


@pytest.mark.parametrize(("said", "imitated"), [("nothing", 0), ("worth_imitating", 1)])
def test_a_failure_is_imitated_only_where_the_environment_says_so_and_never_called_a_success(
    monkeypatch: pytest.MonkeyPatch, said: str, imitated: int
) -> None:
    seen: list[Episode] = []
    monkeypatch.setattr(cold_start, "imitate", lambda _, episodes, *__: seen.extend(episodes))
    collector = open_collector(config(env_args={"lost": said}, cold_start_cache=False), resolve(Wishful))
    story = initial_policy(config(env_args={"lost": said}, cold_start_cache=False), collector, Display()).story
    collector.close()
    solved, lost = sum(e.success for e in seen), sum(not e.success for e in seen)
    assert 0 < solved < 6
    assert lost == imitated * (6 - solved)
    assert story.startswith(f"cold start on {solved} successful expert episodes")
    assert (f" and on {lost} that failed" in story) == bool(lost)


def test_the_second_cold_start_comes_from_the_cache_and_is_the_same_policy() -> None:
    settings = config()
    collector = open_collector(settings)
    first, second = (initial_policy(settings, collector, Display()) for _ in range(2))
    collector.close()
    assert "from the cache" in second.story
    assert "from the cache" not in first.story
    for left, right in zip(first.policy.parameters(), second.policy.parameters(), strict=True):
        assert left.equal(right)


def key_of(**settings: Any) -> str:
    collector = open_collector(config(**settings))
    episodes = cold_start.expert_episodes(collector, config(), range(6), lambda *_: None)
    collector.close()
    return cold_start.cache_key(config(**settings), collector, episodes)


def test_the_cache_key_depends_on_what_shapes_the_policy_and_on_nothing_else() -> None:
    key = key_of()
    assert key == key_of() == key_of(learning_rate=0.5, cold_start_cache=False)
    different = [{"cold_start_epochs": 2}, {"cold_start_episodes": 7}, {"env_args": {"max_turns": 9}}, {"seed": 1}]
    assert len({key, *(key_of(**settings) for settings in different)}) == 5


def test_the_cache_key_depends_on_the_expert_s_episodes() -> None:
    settings = config()
    collector = open_collector(settings)
    episodes = cold_start.expert_episodes(collector, settings, range(6), lambda *_: None)
    collector.close()
    key = cold_start.cache_key(settings, collector, episodes)
    assert key != cold_start.cache_key(settings, collector, episodes[1:])


def test_the_cache_key_depends_on_the_code_and_on_the_files_that_arguments_name(tmp_path: Path) -> None:
    code = tmp_path / "wordy.py"
    code.write_text(WORDY)
    (tmp_path / "words").write_text("a b")
    settings = {"env": f"{code}:Wordy", "env_args": {"words": str(tmp_path / "words")}}
    keys = [key_of(**settings)]
    (tmp_path / "words").write_text("a c")
    keys.append(key_of(**settings))
    code.write_text(WORDY + "# changed")
    keys.append(key_of(**settings))
    assert len(set(keys)) == 3


def test_a_model_that_changed_on_disk_is_another_key(tmp_path: Path) -> None:
    (tmp_path / "weights").write_text("1")
    before = key_of(model_name_or_path=str(tmp_path))
    (tmp_path / "weights").write_text("22")
    assert key_of(model_name_or_path=str(tmp_path)) != before


def test_what_is_cached_needs_the_expert_s_first_episodes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cold_start, "SAMPLE", 2)
    told: list[int] = []
    monkeypatch.setattr(Collector, "collect", counting(Collector.collect, told))
    settings = config()
    collector = open_collector(settings)
    for expected in ([2, 4], [2]):
        told.clear()
        initial_policy(settings, collector, Display())
        assert told == expected
    collector.close()
