"""How a domain of one's own is named: by a file, a module, an entry point; and what is told of a wrong name."""

import time
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from desk_domains import FILE, LIBRARY, TINY, agentrl, written

from agentrl.envs.service_desk import ServiceDeskAEC, ServiceDeskEnv, sample_task
from agentrl.envs.service_desk.adversary_game import ServiceDeskAdversaryAEC
from agentrl.envs.service_desk.domains import registry
from agentrl.envs.service_desk.playback import play
from agentrl.errors import ConfigError, UserError


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
