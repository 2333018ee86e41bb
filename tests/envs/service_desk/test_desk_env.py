"""`service_desk` as a Gymnasium environment: spaces, rewards, limits, experts, failures."""

import random
import warnings
from typing import Any

import gymnasium
import pytest
from gymnasium.utils.env_checker import check_env

from agentrl.data import to_messages
from agentrl.envs.service_desk import ServiceDeskEnv, sample_task
from agentrl.envs.service_desk.rewards import RewardWeights
from agentrl.envs.service_desk.tasks import GivenTasks
from agentrl.envs.service_desk.users import Users
from agentrl.errors import AgentRLError, ConfigError, InfrastructureError
from agentrl.evaluation.api import generate_episodes
from agentrl.evaluation.evaluate import evaluation_jobs
from agentrl.simulators.models import UserTask, UserTurn


def play(env: ServiceDeskEnv, **options: Any) -> tuple[list[str], float, bool, bool, dict[str, Any]]:
    """The expert's episode: all observations, and how it ended."""
    observation, info = env.reset(seed=options.pop("seed", 0), options=options)
    seen, total = [observation], 0.0
    while True:
        observation, reward, terminated, truncated, step_info = env.step(env.expert())
        seen.append(observation)
        total += reward
        if terminated or truncated:
            return seen, total, terminated, truncated, info | step_info


def test_gymnasium_finds_nothing_to_say() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(ServiceDeskEnv(), skip_render_check=True)
        check_env(gymnasium.make("agentrl/ServiceDesk-v0").unwrapped, skip_render_check=True)


@pytest.mark.parametrize("settings", [{}, {"level": "full"}, {"domain": "travel"}, {"domain": "both", "level": "easy"}])
def test_the_expert_succeeds_and_the_parts_are_the_reward(settings: dict[str, Any]) -> None:
    env = ServiceDeskEnv(**settings)
    for seed in range(20):
        _, total, terminated, truncated, info = play(env, seed=seed)
        assert (terminated, truncated, info["success"]) == (True, False, True)
        assert total == pytest.approx(sum(info["rewards"].values()))
        assert 0.9 <= total <= 1
        assert info["gates"] == dict.fromkeys(("state", "told", "safe", "ended"), True)
        assert info["violations"] == []
        assert info["labels"]["operator"] == "plain"
        cancels = "cancel_order" if info["labels"]["domain"].startswith("shop") else "cancel_booking"
        assert cancels in {tool["function"]["name"] for tool in info["tools"]}


def test_an_episode_follows_from_its_seed() -> None:
    one, two = ServiceDeskEnv(level="full"), ServiceDeskEnv(level="full")
    assert play(one, seed=3)[0] == play(two, seed=3)[0]
    assert play(one, seed=3)[0] == play(one, seed=3)[0]
    assert play(one, seed=4)[0] != play(one, seed=3)[0]


def test_the_splits_differ_and_an_unknown_one_is_an_error() -> None:
    env = ServiceDeskEnv()
    train, test = env.reset(seed=0, options={"split": "train"})[1], env.reset(seed=0, options={"split": "test"})[1]
    assert "-train-" in train["task_id"]
    assert "-test-" in test["task_id"]
    with pytest.raises(ValueError, match="split"):
        env.reset(options={"split": "dev"})


def test_it_is_truncated_when_the_turns_are_used_up() -> None:
    env = ServiceDeskEnv(max_turns=3)
    env.reset(seed=0)
    call = '<tool_call>{"name": "get_order", "arguments": {"order_id": "#1", "zip": "1"}}</tool_call>'
    ends = [env.step(call)[1:4] for _ in range(3)]
    assert ends == [(0.0, False, False), (0.0, False, False), (0.0, False, True)]
    with pytest.raises(RuntimeError, match="reset"):
        env.step("hello")


def test_a_given_task_is_played_with_a_given_user() -> None:
    task = sample_task("travel", "full", 7)
    env = ServiceDeskEnv(level="full")
    first = env.reset(seed=0, options={"task": task, "user_seed": 5})
    assert first[1]["task_id"] == task.id
    assert env.reset(seed=9, options={"task": task, "user_seed": 5})[0] == first[0]
    assert len({env.reset(seed=0, options={"task": task, "user_seed": n})[0] for n in range(20)}) > 5


def test_tasks_come_from_a_list_a_file_or_a_source(tmp_path) -> None:  # type: ignore[no-untyped-def]
    tasks = [sample_task("shop", "full", n, split) for n in range(2) for split in ("train", "test")]
    path = tmp_path / "tasks.jsonl"
    path.write_text("\n".join(task.model_dump_json() for task in tasks), encoding="utf-8")
    for env in (
        ServiceDeskEnv(tasks=tasks),
        ServiceDeskEnv(task_file=path),
        ServiceDeskEnv(tasks=GivenTasks(tasks)),
    ):
        ids = {env.reset(seed=n, options={"split": "test"})[1]["task_id"] for n in range(30)}
        assert ids == {task.id for task in tasks if "-test-" in task.id}


def test_personas_of_ones_own_are_used(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "personas.jsonl"
    path.write_text('{"id": "zhu", "display_name": "x", "locale": "zh"}\n', encoding="utf-8")
    env = ServiceDeskEnv(level="easy", personas=path)
    env.reset(seed=0)
    assert env.session.task.persona.id == "zhu"
    assert env.session.task.persona.display_name == env.session.task.goal.known["name"]


class DeadUser:
    """A user whose endpoint dies after the opening."""

    def open(self, view: object) -> UserTurn:
        return UserTurn("Hello")

    def reply(self, text: str, view: object) -> UserTurn:
        raise InfrastructureError("no answer from the endpoint")


def test_a_dead_user_is_no_reward(monkeypatch: pytest.MonkeyPatch) -> None:
    env = ServiceDeskEnv()
    monkeypatch.setattr(env, "_users", Users(lambda task, domain, seed: DeadUser()))
    env.reset(seed=0)
    with pytest.raises(InfrastructureError, match="no answer"):
        env.step("Hello")


def test_a_careless_expert_fails_often_and_a_cold_start_may_imitate_it() -> None:
    strict = ServiceDeskEnv(expert_mistake_rate=0.45)
    lenient = ServiceDeskEnv(**ServiceDeskEnv.tiny_cold_start_args)
    results = [play(strict, seed=seed) for seed in range(200)]
    share = sum(result[4]["success"] for result in results) / 200
    assert 0.4 < share < 0.7
    seen = {violation for result in results for violation in result[4]["violations"]}
    assert seen == {"unverified_write", "unconfirmed_write", "unfounded_refusal"}
    assert any(not result[4]["gates"]["told"] for result in results)
    ends = [play(lenient, seed=seed) for seed in range(50)]
    assert all(info["success"] == all(info["gates"].values()) == (reward > 0) for _, reward, _, _, info in ends)
    assert all(info["success"] != info.get("worth_imitating", False) for *_, info in ends)
    assert 0 < sum(info["success"] for *_, info in ends) < 40


@pytest.mark.parametrize("imitate", [False, True])
def test_generated_records_tell_the_truth_about_careless_episodes(imitate: bool) -> None:
    env_args = {"expert_mistake_rate": 0.45, "imitate_mistakes": imitate}
    records = [to_messages(episode) for episode in generate_episodes("expert", "service_desk", env_args=env_args)]
    assert all(record["success"] == (record["reward"] > 0) for record in records)
    assert 30 < sum(record["success"] for record in records) < 70
    unlearned = [any(message.get("weight") == 0 for message in record["messages"]) for record in records]
    assert any(unlearned) == (not imitate)
    assert imitate or all(record["success"] or marked for record, marked in zip(records, unlearned, strict=True))


@pytest.mark.parametrize("domain", ["shop", "both"])
def test_records_with_tools_do_not_list_them_in_the_prompt_again(domain: str) -> None:
    env_args = {"level": "full", "domain": domain}
    (episode,) = generate_episodes("expert", "service_desk", episodes=1, env_args=env_args)
    system = to_messages(episode)["messages"][0]["content"]
    assert "<tool_call>" not in system
    assert not any(f'"{tool["function"]["name"]}"' in system for tool in episode.info["tools"])
    trajectory = episode.trajectories[0]
    assert all(line in trajectory.system_prompt for line in system.rstrip(".").split(".\n"))
    assert "<tool_call>" in trajectory.system_prompt


def marks(env: ServiceDeskEnv, seed: int) -> tuple[list[bool], bool]:
    """Of each of the expert's answers, whether it may be learned; and whether the episode succeeds."""
    env.reset(seed=seed)
    learned = []
    while True:
        *_, terminated, truncated, info = env.step(env.expert())
        learned.append(info.get("imitate", True))
        if terminated or truncated:
            return learned, info["success"]


@pytest.mark.parametrize("settings", [{}, {"domain": "travel", "level": "full"}])
def test_careless_answers_are_marked_unless_they_are_to_be_imitated(settings: dict[str, Any]) -> None:
    careless = [marks(ServiceDeskEnv(expert_mistake_rate=0.45, **settings), seed) for seed in range(60)]
    assert all(False in learned for learned, success in careless if not success)
    assert any(False in learned and True in learned for learned, _ in careless)
    assert any(False not in learned for learned, _ in careless)
    for others in ({"expert_mistake_rate": 0.45, "imitate_mistakes": True}, {}):
        assert all(all(marks(ServiceDeskEnv(**others, **settings), seed)[0]) for seed in range(20))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"level": "huge"}, "env_args.level"),
        ({"domain": "bank"}, "env_args.domain"),
        ({"user": "robot"}, "env_args.user"),
        ({"user": "llm"}, "user_base_url"),
        ({"expert_mistake_rate": 2}, "expert_mistake_rate"),
        ({"max_turns": 0}, "max_turns"),
        ({"reward_weights": {"stat": 1}}, "Did you mean 'state'"),
        ({"reward_weights": {"state": 1}}, "sum at most 1"),
        ({"reward_weights": {"told": "much"}}, "must be a number"),
        ({"task_file": "x", "tasks": []}, "not both"),
        ({"task_file": "/nowhere.jsonl"}, "cannot be read"),
    ],
)
def test_wrong_arguments_are_named(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(AgentRLError, match=told):
        ServiceDeskEnv(**settings)


def test_weights_replace_the_defaults() -> None:
    assert RewardWeights.of({"turns": 0.0}).turns == 0
    with pytest.raises(ConfigError):
        RewardWeights.of({"told": -1})
    env = ServiceDeskEnv(reward_weights={"turns": 0.0, "state": 0.6})
    assert play(env)[1] == pytest.approx(1.0)


def test_a_list_of_tasks_is_played_in_full_by_as_many_episodes() -> None:
    tasks = [sample_task("shop", "tiny", n, "test") for n in range(40)]
    env = ServiceDeskEnv(tasks=tasks)
    by_number = [env.reset(seed=7, options={"split": "test", "number": n})[1]["task_id"] for n in range(40)]
    by_seed = [env.reset(seed=n, options={"split": "test"})[1]["task_id"] for n in range(40)]
    assert by_number == by_seed == [task.id for task in tasks]
    assert {job.options["number"] for job in evaluation_jobs(40, 2, "test", 0, 1.0)} == set(range(40))


@pytest.mark.parametrize("level", ["tiny", "full"])
def test_nothing_that_is_written_raises(level: Any) -> None:
    rng = random.Random(0)
    pieces = [
        "<tool_call>",
        "</tool_call>",
        '{"name": "get_order", "arguments": {}}',
        "yes",
        "#1",
        "\x00",
        "\ud800",
        "取消",
        "$5",
        "?",
    ]
    for seed in range(60):
        env = ServiceDeskEnv(level=level)
        env.reset(seed=seed)
        over = False
        while not over:
            action = "".join(rng.choice(pieces) for _ in range(rng.randint(0, 6)))
            observation, reward, terminated, truncated, _ = env.step(action)
            assert isinstance(observation, str)
            assert reward == 0.0
            over = terminated or truncated


def test_tiny_episodes_are_short() -> None:
    env = ServiceDeskEnv()
    lengths = [sum(map(len, play(env, seed=seed)[0])) for seed in range(50)]
    assert max(lengths) < 400
    assert len(env.system_prompt) < 200


def test_all_of_a_task_is_in_its_model() -> None:
    task = sample_task("shop", "full", 11)
    assert UserTask.model_validate_json(task.model_dump_json()) == task
