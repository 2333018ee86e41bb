"""A YAML file and overrides become settings, or a message that says what to write instead."""

from pathlib import Path

import pytest
import yaml

from agentrl.config import (
    ALGORITHMS,
    TrainConfig,
    load_config,
    make_config,
    parse_env_args,
    ready_made,
    render_config,
)
from agentrl.errors import ConfigError


def write(folder: Path, text: str) -> str:
    path = folder / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def message(path: str | None, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path, overrides)
    return str(caught.value)


def arguments_of(env: str) -> list[str]:
    return {"game": ["adversary", "level", "seed"]}.get(env, [])


def test_what_is_no_setting_but_the_environments_is_its_argument(tmp_path: Path) -> None:
    words = ["adversary.share=0.3", "level=easy", "env_args.seed=7", "seed=3", "env=game"]
    config = load_config(None, words, arguments_of=arguments_of)
    assert config.env_args == {"adversary": {"share": 0.3}, "level": "easy", "seed": 7}
    assert config.seed == 3  # a setting is a setting, whatever the environment takes
    file = write(tmp_path, "env: game\nenv_args: {level: full, adversary: {depth: 2}}\n")
    assert load_config(file, words[:2], arguments_of=arguments_of).env_args == {
        "adversary": {"depth": 2, "share": 0.3},
        "level": "easy",
    }


@pytest.mark.parametrize("word", ["advresary.share=0.3", "level", "words=[1]", ".level=1"])
def test_what_is_neither_is_refused(word: str) -> None:
    with pytest.raises(ConfigError, match=r"no such setting|is no setting"):
        load_config(None, ["env=game", word], arguments_of=arguments_of)


@pytest.mark.parametrize(("word", "meant"), [("advresary.share=0.3", "adversary"), ("levl=easy", "level")])
def test_the_environments_arguments_are_suggested_too(word: str, meant: str) -> None:
    with pytest.raises(ConfigError, match=f"no such setting. Did you mean '{meant}'"):
        load_config(None, ["env=game", word], arguments_of=arguments_of)


def test_nothing_given_gives_the_defaults() -> None:
    assert load_config(None) == TrainConfig()


def test_an_override_wins_over_the_file(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "group_size: 4\nseed: 7\n"), ["group_size=6"])
    assert (config.group_size, config.seed) == (6, 7)


def test_the_last_override_wins() -> None:
    assert load_config(None, ["seed=1", "seed=2"]).seed == 2


@pytest.mark.parametrize("text", ["3e-4", "3E-4", "3.0e-4", "0.0003", "+3e-4", ".0003"])
def test_numbers_are_numbers_in_every_notation(tmp_path: Path, text: str) -> None:
    assert load_config(write(tmp_path, f"learning_rate: {text}\n")).learning_rate == 3e-4
    assert parse_env_args([f"rate={text}"]) == {"rate": 3e-4}


@pytest.mark.parametrize("text", ["no", "yes", "1:30", "2024-01-01", "0x10", "off"])
def test_words_that_yaml_1_1_misreads_stay_text(tmp_path: Path, text: str) -> None:
    config = load_config(write(tmp_path, f"env_args:\n  word: {text}\n"))
    assert config.env_args == {"word": text}


def test_yes_and_no_still_mean_true_and_false_where_that_is_asked() -> None:
    assert load_config(None, ["cold_start_cache=no"]).cold_start_cache is False


def test_dotted_overrides_reach_nested_settings() -> None:
    config = load_config(None, ["env_args.task_file=a.jsonl", "env_args.levels=[1, 2]", "tiny.hidden_size=64"])
    assert config.env_args == {"task_file": "a.jsonl", "levels": [1, 2]}
    assert config.tiny.hidden_size == 64


def test_an_override_may_change_one_key_of_a_mapping_in_the_file(tmp_path: Path) -> None:
    config = load_config(write(tmp_path, "env_args: {a: 1, b: 2}\n"), ["env_args.b=3"])
    assert config.env_args == {"a": 1, "b": 3}


def test_text_settings_take_the_word_as_it_is() -> None:
    assert load_config(None, ["run_name=7"]).run_name == "7"
    assert load_config(None, ["run_name=null"]).run_name is None
    assert load_config(None, ["env=./a.py:B"]).env == "./a.py:B"


def test_a_value_that_is_no_yaml_is_text() -> None:
    assert parse_env_args(["mark=@home", "also=%a"]) == {"mark": "@home", "also": "%a"}


def test_environment_arguments_may_carry_their_prefix() -> None:
    assert parse_env_args(["a=1", "env_args.b=x"]) == {"a": 1, "b": "x"}


def test_a_misspelt_key_names_file_line_and_the_nearest_key(tmp_path: Path) -> None:
    path = write(tmp_path, "# first\nseed: 1\nlearnign_rate: 1\n")
    assert message(path) == f"{path}:3: learnign_rate: there is no such setting. Did you mean 'learning_rate'?"


def test_a_key_given_on_the_wrong_level_is_found() -> None:
    assert "Did you mean 'tiny.hidden_size'?" in message(None, "hidden_size=64")


def test_a_nested_misspelt_key_names_its_own_line(tmp_path: Path) -> None:
    path = write(tmp_path, "tiny:\n  head_dim: 32\n  hiden_size: 3\n")
    assert message(path).startswith(f"{path}:3: tiny.hiden_size: ")


def test_a_key_like_none_points_to_the_list_of_all() -> None:
    assert "--print-config" in message(None, "qqqq=1")


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("group_size=0", "group_size: 0 is out of range: it must be greater than 0."),
        ("gamma=2", "gamma: 2 is out of range: it must be at least 0 and at most 1."),
        ("temperature_end=-1", "temperature_end: -1 is out of range: it must be greater than 0."),
        ("max_steps=many", "max_steps: 'many' is not a whole number (at least 0)."),
        ("seed=1.5", "seed: 1.5 is not a whole number (at least 0)."),
        ("learning_rate=fast", "learning_rate: 'fast' is not a number (greater than 0)."),
        ("cold_start_cache=maybe", "cold_start_cache: 'maybe' is not true or false."),
        ("kl_in=los", "kl_in: 'los' is not one of reward, loss. Did you mean 'loss'?"),
        ("loss=clap", "loss: 'clap' is not one of clip, cispo. Did you mean 'clip'?"),
        ("env_args=3", "env_args: 3 is not a mapping of keys to values."),
        ("tiny=3", "tiny: 3 is not a mapping of keys to values."),
        ("learning_rate=.inf", "learning_rate: inf is not a finite number."),
    ],
)
def test_a_wrong_value_says_what_it_must_be(override: str, expected: str) -> None:
    assert message(None, override) == f"command line: {expected}"


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    path = write(tmp_path, "group_size: 0\ngamma: 3\n")
    said = message(path, "sed=1")
    assert said.startswith("3 settings are wrong:")
    assert f"{path}:1: group_size" in said
    assert f"{path}:2: gamma" in said
    assert "command line: sed: there is no such setting. Did you mean 'seed'?" in said


def test_an_overridden_value_is_blamed_on_the_command_line(tmp_path: Path) -> None:
    assert message(write(tmp_path, "group_size: 4\n"), "group_size=0").startswith("command line: group_size")


def test_an_unknown_algorithm_names_the_nearest() -> None:
    said = message(None, "algo=gpro")
    assert "'gpro' is not one of grpo, dr_grpo" in said
    assert "'grpo'" in said.split("Did you mean")[1]


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_every_algorithm_is_accepted(algo: str) -> None:
    assert load_config(None, [f"algo={algo}"]).algo == algo


@pytest.mark.parametrize(
    ("overrides", "key"),
    [
        (["kl_controller=adaptive", "init_kl_coef=0.1"], "target_kl"),
        (["kl_controller=adaptive", "target_kl=1"], "init_kl_coef"),
        (["max_new_tokens=800", "max_context=700"], "max_new_tokens"),
        (["algo=cispo", "ratio_level=sequence"], "ratio_level"),
        (["algo=gspo", "loss=cispo"], "loss"),
        (["kl_in=reward"], "init_kl_coef"),
        (["num_groups=1", "group_size=2", "num_minibatches=3"], "num_minibatches"),
        (["max_context=4000"], "tiny.max_position_embeddings"),
        (["tiny.num_key_value_heads=3"], "tiny.num_key_value_heads"),
        (["tiny.head_dim=33"], "tiny.head_dim"),
        (["run_name=a/b"], "run_name"),
    ],
)
def test_settings_that_contradict_each_other_are_named(overrides: list[str], key: str) -> None:
    assert key in message(None, *overrides)


def test_the_shape_of_the_tiny_model_does_not_matter_to_another_model() -> None:
    assert load_config(None, ["model_name_or_path=some/model", "max_context=4000"]).max_context == 4000


def test_a_ratio_may_be_left_unclipped() -> None:
    assert load_config(None, ["clip_range_high=.inf"]).clip_range_high == float("inf")


@pytest.mark.parametrize("override", ["foo", "=1", "a..b=1", ".a=1"])
def test_a_word_that_is_no_setting_shows_the_form(override: str) -> None:
    assert "write key=value" in message(None, override)


def test_a_key_below_a_number_is_refused() -> None:
    assert "env_args.a is 1, which has no keys below it" in message(None, "env_args.a=1", "env_args.a.b=1")


def test_broken_yaml_names_the_line(tmp_path: Path) -> None:
    path = write(tmp_path, "seed: 1\nenv_args: {a: 1\n")
    assert message(path).startswith(f"{path}:3: this is no YAML")


def test_a_key_twice_names_both_lines(tmp_path: Path) -> None:
    path = write(tmp_path, "seed: 1\nalgo: ppo\nseed: 2\n")
    assert message(path) == f"{path}:3: seed stands here a second time (first in line 1). Keep one."


def test_a_mapping_that_holds_itself_is_survived(tmp_path: Path) -> None:
    assert "&a" not in message(write(tmp_path, "sed: &a\n  b: *a\n"))


@pytest.mark.parametrize(("text", "kind"), [("- 1\n- 2\n", "a list"), ("hello\n", "str 'hello'")])
def test_a_file_without_keys_is_refused(tmp_path: Path, text: str, kind: str) -> None:
    assert kind in message(write(tmp_path, text))


def test_a_key_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "seed: 1\n3: 4\n")
    assert message(path).startswith(f"{path}:2: the key 3 ")


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    assert load_config(write(tmp_path, "# nothing\n")) == TrainConfig()


def test_a_missing_file_names_the_ready_made_ones() -> None:
    assert "there is no such configuration file. Ready-made ones: code_sandbox_grpo.yaml" in message("x/y/z.yaml")


def test_a_nearly_right_ready_made_name_is_recognised() -> None:
    assert "Did you mean 'guess_number.yaml'?" in message("gues_number.yaml")


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    assert message(str(tmp_path)).startswith(f"{tmp_path}: cannot be read: ")


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(b"\xff\xfe\x00\x01")
    assert message(str(path)).startswith(f"{path}: not UTF-8 text")


def test_dump_and_load_give_the_same_settings(tmp_path: Path) -> None:
    config = make_config(
        algo="ppo", learning_rate=1e-5, run_name="no", env_args={"a": [1, 2.5, None], "b": "1:30"}, clip_range=0.1
    )
    path = tmp_path / "out.yaml"
    path.write_text(render_config(config), encoding="utf-8")
    assert load_config(str(path)) == config


def test_a_dump_is_read_alike_by_any_yaml_parser() -> None:
    config = make_config(learning_rate=1e-5, run_name="no", env_args={"b": "2024-01-01", "c": "3e5"})
    assert yaml.safe_load(render_config(config)) == config.model_dump(mode="json")


def test_a_dump_explains_every_key() -> None:
    lines = render_config(TrainConfig()).splitlines()
    for name in TrainConfig.model_fields:
        index = next(i for i, line in enumerate(lines) if line.startswith(f"{name}:"))
        assert lines[index - 1].startswith("# ")


@pytest.mark.parametrize("lines", [0, 12, -1])
def test_a_whole_file_that_was_cut_is_refused_by_name(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(render_config(make_config(seed=7)), encoding="utf-8")
    assert load_config(str(path), whole=True).seed == 7
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:lines]))
    with pytest.raises(ConfigError, match=rf"^{path}: .* not whole: .* are missing\. .*--print-config") as refused:
        load_config(str(path), ["log_episodes=1"], whole=True)
    assert lines != -1 or "log_episodes are missing" in str(refused.value)


def test_a_whole_file_needs_the_keys_of_nested_settings_too(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(render_config(TrainConfig()).replace("  head_dim: 32\n", ""), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"not whole: tiny\.head_dim are missing"):
        load_config(str(path), whole=True)


def test_settings_that_no_file_can_hold_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"env_args: .*plain values"):
        render_config(make_config(env_args={"tasks": object()}))


def test_settings_from_python_are_explained_as_well() -> None:
    with pytest.raises(ConfigError, match=r"^group_sise: there is no such setting\. Did you mean 'group_size'"):
        make_config(group_sise=1)


@pytest.mark.parametrize("name", ready_made())
def test_ready_made_files_hold_only_what_differs_from_the_defaults(name: str) -> None:
    config, defaults = load_config(name).model_dump(), TrainConfig().model_dump()
    path = Path(__file__).parents[2] / "configs" / name
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert given
    for key in given:
        assert config[key] != defaults[key], key
