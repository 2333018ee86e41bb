"""What `--env` takes, and what it says when there is nothing to take."""

import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pettingzoo
import pytest
from gymnasium.spaces import Discrete

from agentrl.envs import TextEnv
from agentrl.envs.registry import broken_environments, list_environments, resolve
from agentrl.errors import ConfigError, EnvironmentDefinitionError, TaskFileError, UnknownEnvironmentError

ECHO = '''
from agentrl.envs import TextEnv


class Echo(TextEnv):
    """Repeats what it hears.

    At length.
    """

    def __init__(self, turns: int = 1, loud: bool = False):
        super().__init__()
        self.turns = turns

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return "go", {}

    def step(self, action):
        return action, 0.0, True, False, {}
'''


class Plain(TextEnv):
    """An environment in this file."""

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        super().reset(seed=seed)
        return "", {}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        return "", 0.0, True, False, {}


class Pair(pettingzoo.ParallelEnv[str, int, int]):
    """Two seats."""

    metadata = {"name": "pair"}  # noqa: RUF012
    possible_agents = ["a", "b"]  # noqa: RUF012
    observation_spaces = action_spaces = {"a": Discrete(2), "b": Discrete(2)}  # noqa: RUF012

    def reset(self, seed: int | None = None, options: Any = None) -> Any:
        self.agents = list(self.possible_agents)
        return dict.fromkeys(self.agents, 0), {seat: {} for seat in self.agents}

    def step(self, actions: Any) -> Any:
        raise NotImplementedError


def make_plain(size: int) -> Plain:
    return Plain(size)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    path, modules = list(sys.path), set(sys.modules)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        if name.startswith(("agentrl_file_", "dummy_", "mypackage")):
            del sys.modules[name]


def file(folder: Path, text: str = ECHO, name: str = "my_env.py") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def plug_in(folder: Path, name: str, target: str, package: str = "dummy_envs") -> None:
    """What `pip install` leaves behind of a package with an entry point."""
    info = folder / f"{package}-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.2\n")
    (info / "entry_points.txt").write_text(f"[agentrl.envs]\n{name} = {target}\n")
    sys.path.append(str(folder))


def unknown(spec: str) -> str:
    with pytest.raises(UnknownEnvironmentError) as caught:
        resolve(spec)
    return str(caught.value)


def wrong(spec: Any) -> str:
    with pytest.raises(EnvironmentDefinitionError) as caught:
        resolve(spec)
    return str(caught.value)


# ---- every form of a spec


def test_a_built_in_name() -> None:
    entry = resolve("guess_number")
    assert (entry.name, entry.spec, entry.kind) == ("guess_number", "guess_number", "gymnasium")
    assert entry.make(highest=7).highest == 7


def test_an_entry_point_of_an_installed_package(folder: Path) -> None:
    file(folder, name="dummy_envs.py")
    plug_in(folder, "echo", "dummy_envs:Echo")
    entry = resolve("echo")
    assert (entry.name, entry.source, entry.summary) == ("echo", "dummy_envs 1.2", "Repeats what it hears.")
    assert entry.make(turns=3).turns == 3
    assert "echo" in [listed.name for listed in list_environments()]


def test_a_class_in_a_file(folder: Path) -> None:
    file(folder)
    entry = resolve("./my_env.py:Echo")
    assert (entry.name, entry.kind, entry.source) == ("Echo", "gymnasium", "./my_env.py")
    assert entry.make().step("hi")[0] == "hi"


def test_a_file_with_a_single_environment_needs_no_class(folder: Path) -> None:
    file(folder)
    assert resolve("my_env.py").name == "Echo"


def test_an_absolute_path(folder: Path) -> None:
    assert resolve(f"{file(folder)}:Echo").name == "Echo"


def test_a_class_in_a_module_of_the_working_directory(folder: Path) -> None:
    file(folder, name="mypackage/games.py")
    assert resolve("mypackage.games:Echo").name == "Echo"


def test_a_gymnasium_id() -> None:
    entry = resolve("gymnasium:CartPole-v1")
    env = entry.make()
    assert entry.kind == "gymnasium"
    assert env.spec.id == "CartPole-v1"
    assert entry.summary.startswith("This environment")


def test_a_pettingzoo_module_with_and_without_its_package() -> None:
    for spec in ("pettingzoo:pettingzoo.classic.tictactoe_v3", "pettingzoo:classic.tictactoe_v3"):
        assert resolve(spec).kind == "pettingzoo_aec"


def test_a_pettingzoo_module_is_played_in_parallel_where_it_can_be(folder: Path) -> None:
    file(folder, "from pettingzoo.classic import tictactoe_v3\nenv = parallel_env = tictactoe_v3.env\n", "dummy_pz.py")
    assert resolve("pettingzoo:dummy_pz").kind == "pettingzoo_parallel"


def test_a_class_and_a_function_from_python() -> None:
    assert resolve(Plain).make().observation_space is not None
    assert resolve(make_plain).make(size=9).observation_space.max_length == 9
    assert resolve(lambda: Plain(5)).kind == "gymnasium"
    assert resolve(Pair).kind == "pettingzoo_parallel"


# ---- files


def test_classes_of_a_file_can_be_pickled(folder: Path) -> None:
    file(folder)
    cls = resolve("./my_env.py:Echo").factory
    assert pickle.loads(pickle.dumps(cls)) is cls


def test_a_file_is_imported_once_until_it_changes(folder: Path) -> None:
    path = file(folder)
    first = resolve("./my_env.py:Echo").factory
    assert resolve("./my_env.py:Echo").factory is first
    path.write_text(ECHO + "\n# changed\n")
    assert resolve("./my_env.py:Echo").factory is not first


def test_two_files_of_one_name_do_not_collide(folder: Path) -> None:
    file(folder, name="a/env.py")
    file(folder, ECHO.replace("Repeats", "Mirrors"), name="b/env.py")
    assert [resolve(f"./{part}/env.py").summary.split()[0] for part in "ab"] == ["Repeats", "Mirrors"]


def test_a_file_may_import_its_neighbour(folder: Path) -> None:
    file(folder, name="sub/dummy_base.py")
    file(folder, "from dummy_base import Echo\n\nclass Loud(Echo):\n    pass\n", name="sub/loud.py")
    assert resolve("./sub/loud.py").name == "Loud"


# ---- names that lead nowhere


def test_an_unknown_name_tells_the_nearest() -> None:
    said = unknown("guess_numbr")
    assert "Did you mean 'guess_number'?" in said
    assert "agentrl env list" in said


def test_a_gymnasium_id_without_its_prefix_is_recognised() -> None:
    assert "Did you mean 'gymnasium:CartPole-v1'?" in unknown("CartPole-v1")


def test_a_file_without_its_ending_is_recognised(folder: Path) -> None:
    file(folder)
    assert "Did you mean './my_env.py'?" in unknown("my_env")


def test_an_unknown_gymnasium_id_tells_the_nearest() -> None:
    assert "Did you mean 'CartPole-v1'" in unknown("gymnasium:CartPol-v1")


def test_an_unknown_pettingzoo_module() -> None:
    assert unknown("pettingzoo:no_such_thing").startswith("pettingzoo:no_such_thing: there is no module")


def test_an_unknown_module(folder: Path) -> None:
    assert "there is no module 'no_such_package'" in unknown("no_such_package.games:Echo")


def test_a_missing_file_names_the_path_and_the_nearest_file(folder: Path) -> None:
    file(folder)
    said = unknown("./my_emv.py:Echo")
    assert str(folder / "my_emv.py") in said
    assert "Did you mean 'my_env.py'?" in said


def test_a_missing_class_names_those_that_are_there(folder: Path) -> None:
    file(folder)
    assert unknown("./my_env.py:Ecko").endswith("there is no 'Ecko' in ./my_env.py. Environments there: Echo.")


def test_several_classes_and_none_named(folder: Path) -> None:
    file(folder, ECHO + ECHO.replace("class Echo", "class Other"))
    assert "Environments there: Echo, Other." in unknown("./my_env.py")


def test_a_name_registered_twice_is_refused(folder: Path) -> None:
    plug_in(folder, "guess_number", "dummy_envs:Echo")
    said = wrong("guess_number")
    assert "registered twice" in said
    assert "dummy_envs:Echo" in said


def test_a_plug_in_that_cannot_be_imported_is_listed_with_the_reason(folder: Path) -> None:
    plug_in(folder, "lost", "dummy_lost:Env")
    assert "dummy_lost" in broken_environments()["lost"]
    assert "guess_number" in [entry.name for entry in list_environments()]


# ---- things that are no environment


def test_an_error_in_the_file_names_its_line(folder: Path) -> None:
    path = file(folder, "import os\n\nimport no_such_package\n")
    said = wrong("./my_env.py:Echo")
    assert "No module named 'no_such_package'" in said
    assert f"{path}:3" in said


def test_a_syntax_error_names_its_line(folder: Path) -> None:
    path = file(folder, "x = 1\nclass Echo(:\n")
    assert f"{path}:2" in wrong("./my_env.py:Echo")


def test_an_error_deep_in_a_library_names_the_users_line(folder: Path) -> None:
    path = file(folder, "import json\njson.loads('{')\n")
    assert f"({path}:2)" in wrong("./my_env.py:Echo")


def test_a_file_that_exits_is_reported(folder: Path) -> None:
    file(folder, "raise SystemExit(3)\n")
    assert "SystemExit: 3" in wrong("./my_env.py:Echo")


def test_a_broken_file_is_tried_again_after_a_change(folder: Path) -> None:
    path = file(folder, "1 / 0\n")
    assert "ZeroDivisionError" in wrong("./my_env.py:Echo")
    path.write_text(ECHO)
    assert resolve("./my_env.py:Echo").name == "Echo"


def test_a_class_without_a_base_says_what_it_lacks(folder: Path) -> None:
    file(folder, "class Echo:\n    def step(self, action):\n        pass\n")
    said = wrong("./my_env.py:Echo")
    assert "agentrl.envs.TextEnv" in said
    assert "It also lacks reset, observation_space." in said


@pytest.mark.parametrize("base", [gymnasium.Env, TextEnv, pettingzoo.ParallelEnv, pettingzoo.AECEnv])
def test_a_class_that_inherits_all_of_it_says_what_to_write(base: type) -> None:
    assert "defines no reset and no step" in wrong(type("Empty", (base,), {}))


def test_an_instance_is_refused() -> None:
    assert "this is one environment" in wrong(Plain())


def test_a_constant_is_no_environment(folder: Path) -> None:
    file(folder, "Echo = 3\n")
    assert "an object of type int is no environment" in wrong("./my_env.py:Echo")


def test_a_function_that_needs_arguments_is_asked_for_an_annotation() -> None:
    assert "annotate what it returns" in wrong(lambda size: Plain(size))


def test_a_function_that_makes_something_else() -> None:
    assert "returned a list" in wrong(lambda: [1])


def test_a_pettingzoo_module_without_an_environment() -> None:
    assert "neither parallel_env nor env" in wrong("pettingzoo:json")


def test_an_environment_without_spaces_is_told_what_to_call(folder: Path) -> None:
    file(folder, ECHO.replace("super().__init__()", "pass"))
    with pytest.raises(EnvironmentDefinitionError, match=r"has no observation_space and no action_space.*super\(\)"):
        resolve("./my_env.py:Echo").make()


# ---- arguments


def test_a_wrong_argument_names_the_nearest_and_all(folder: Path) -> None:
    file(folder)
    with pytest.raises(ConfigError) as caught:
        resolve("./my_env.py:Echo").make(turn=3)
    assert str(caught.value) == (
        "env_args.turn: there is no such argument. Did you mean 'turns'? Echo accepts turns, loud."
    )


def test_a_wrong_argument_of_a_gymnasium_id() -> None:
    with pytest.raises(ConfigError, match="Did you mean 'render_mode'"):
        resolve("gymnasium:CartPole-v1").make(render_mod="human")


def test_a_wrong_argument_of_a_pettingzoo_module() -> None:
    with pytest.raises(ConfigError, match="accepts render_mode, screen_height"):
        resolve("pettingzoo:classic.tictactoe_v3").make(boards=2)


def test_a_missing_argument_is_named() -> None:
    with pytest.raises(ConfigError, match=r"env_args\.size: make_plain needs this argument"):
        resolve(make_plain).make()


def test_what_the_constructor_raises_is_told_with_its_place(folder: Path) -> None:
    path = file(folder, ECHO.replace("self.turns = turns", "self.turns = 1 // turns"))
    with pytest.raises(EnvironmentDefinitionError) as caught:
        resolve("./my_env.py:Echo").make(turns=0)
    assert "ZeroDivisionError" in str(caught.value)
    assert f"{path}:13" in str(caught.value)


def test_a_message_for_users_passes_through_the_constructor() -> None:
    def broken() -> Plain:
        raise TaskFileError("tasks.jsonl:3: broken")

    with pytest.raises(TaskFileError, match=r"tasks\.jsonl:3"):
        resolve(broken).make()


def test_nothing_is_learned_about_arguments_that_are_passed_on() -> None:
    def passing(**settings: int) -> Plain:
        return Plain(**{key: int(np.int64(value)) for key, value in settings.items()})

    assert resolve(passing).make(max_length=3).observation_space.max_length == 3


def test_an_entry_knows_which_arguments_it_accepts() -> None:
    def passing(**settings: int) -> Plain:
        return Plain(**settings)

    assert resolve(make_plain).accepts("size")
    assert not resolve(make_plain).accepts("sise")
    assert resolve(passing).accepts("anything")
