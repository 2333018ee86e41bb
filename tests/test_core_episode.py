"""The data type: ids go to disk and back, contexts concatenate, and rows hold each sampled id exactly once."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.episode import SCHEMA_VERSION, End, Episode, Stop, Trajectory, Turn

ids = st.lists(st.integers(0, 150_000), max_size=6).map(tuple)
some_ids = st.lists(st.integers(0, 150_000), min_size=1, max_size=6).map(tuple)
numbers = st.floats(-100, 100)
texts = st.text(max_size=12)
info = st.dictionaries(texts, st.one_of(st.booleans(), st.integers(), numbers, texts), max_size=3)


@st.composite
def trajectories(draw: st.DrawFn, agent: str = "agent", forks: bool = True) -> Trajectory:
    """A trajectory whose turns extend the context so far, or fork from inside it."""
    turns, length = [], 0
    for _ in range(draw(st.integers(0, 5))):
        fork = forks and length > 0 and draw(st.booleans())
        keep = draw(st.integers(0, length - 1)) if fork else length
        prompt, action = draw(some_ids), draw(some_ids)
        turns.append(
            Turn(
                action=action,
                prompt=prompt,
                keep=keep,
                logprobs=tuple(draw(st.lists(numbers, min_size=len(action), max_size=len(action)))),
                reward=draw(numbers),
                rewards=draw(st.dictionaries(texts, numbers, max_size=2)),
                value=draw(st.none() | numbers),
                temperature=draw(st.floats(0, 2)),
                policy_version=draw(st.integers(0, 9)),
                stop=draw(st.sampled_from(Stop)),
                observation=draw(texts),
                text=draw(texts),
                info=draw(info),
            )
        )
        length = keep + len(prompt) + len(action)
    return Trajectory(
        agent=agent,
        turns=tuple(turns),
        end=draw(st.sampled_from(End)),
        failure=draw(texts),
        final_keep=draw(st.integers(0, length)),
        final_prompt=draw(ids),
        trainable=draw(st.booleans()),
        system_prompt=draw(texts),
        final_observation=draw(texts),
    )


@st.composite
def episodes(draw: st.DrawFn) -> Episode:
    seats = tuple(draw(trajectories(agent=f"seat {number}")) for number in range(draw(st.integers(1, 3))))
    return Episode(
        env=draw(texts),
        task_id=draw(texts),
        seed=draw(st.integers(0, 2**63)),
        group=draw(texts),
        trajectories=seats,
        order=tuple(draw(st.lists(texts, max_size=3))),
        states=tuple(draw(st.lists(st.lists(numbers, max_size=3), max_size=3))),
        info=draw(info),
    )


@settings(max_examples=60, deadline=None)
@given(episodes())
def test_a_line_of_json_reads_back_equal(episode: Episode) -> None:
    line = episode.to_json()
    assert "\n" not in line
    back = Episode.from_json(line)
    assert back == episode
    assert [list(t.contexts()) for t in back.trajectories] == [list(t.contexts()) for t in episode.trajectories]


@settings(max_examples=60, deadline=None)
@given(trajectories(forks=False))
def test_without_forks_the_contexts_are_prefixes_of_one_row(trajectory: Trajectory) -> None:
    whole: tuple[int, ...] = ()
    for turn, context in zip(trajectory.turns, trajectory.contexts(), strict=True):
        whole += turn.prompt
        assert context == whole
        whole += turn.action
    assert [row.ids for row in trajectory.rows()] == ([whole] if trajectory.turns else [])
    assert replace(trajectory, final_prompt=()).final_context() == whole


@settings(max_examples=100, deadline=None)
@given(trajectories())
def test_rows_hold_each_sampled_id_once_behind_its_own_context(trajectory: Trajectory) -> None:
    contexts = list(trajectory.contexts())
    found: dict[int, list[int]] = {}
    for row in trajectory.rows():
        assert len(row.ids) == len(row.turn_of) == len(row.logprobs)
        for turn in sorted(set(row.turn_of) - {-1}):
            places = [place for place, owner in enumerate(row.turn_of) if owner == turn]
            assert turn not in found, "an action is trained twice"
            found[turn] = places
            assert row.ids[: places[0]] == contexts[turn]
            assert tuple(row.ids[place] for place in places) == trajectory.turns[turn].action
            assert tuple(row.logprobs[place] for place in places) == trajectory.turns[turn].logprobs
    assert sorted(found) == list(range(len(trajectory.turns)))
    assert sum(map(len, found.values())) == trajectory.sampled_tokens
    forks = sum(turn.keep < len(c) + len(before.action) for before, turn, c in _pairs(trajectory, contexts))
    assert len(trajectory.rows()) == (1 + forks if trajectory.turns else 0)


def _pairs(trajectory: Trajectory, contexts: list[tuple[int, ...]]) -> list[tuple[Turn, Turn, tuple[int, ...]]]:
    return list(zip(trajectory.turns, trajectory.turns[1:], contexts, strict=False))


def test_a_fork_keeps_what_it_says_and_its_past_is_context() -> None:
    turns = (Turn(action=(3, 4), prompt=(1, 2), logprobs=(-0.1, -0.2)), Turn(action=(9,), prompt=(8,), keep=3))
    first, second = Trajectory("agent", turns, End.TERMINATED).rows()
    assert (first.ids, first.turn_of, first.logprobs) == ((1, 2, 3, 4), (-1, -1, 0, 0), (0.0, 0.0, -0.1, -0.2))
    assert (second.ids, second.turn_of, second.logprobs) == ((1, 2, 3, 8, 9), (-1, -1, -1, -1, 1), (0.0,) * 5)


def test_the_final_context_follows_the_last_observation() -> None:
    turns = (Turn(action=(3, 4), prompt=(1, 2)),)
    assert Trajectory("agent", turns, End.TRUNCATED, final_keep=4, final_prompt=(5,)).final_context() == (1, 2, 3, 4, 5)
    assert Trajectory("agent", turns, End.TRUNCATED, final_keep=2, final_prompt=(5,)).final_context() == (1, 2, 5)


def test_logprobs_must_match_the_action() -> None:
    with pytest.raises(ValueError, match="1 log-probs for 2 action ids"):
        Turn(action=(1, 2), logprobs=(-0.5,))


def test_rewards_add_up_over_turns_and_by_name() -> None:
    turns = (Turn(reward=0.5, rewards={"a": 0.5}), Turn(reward=1.0, rewards={"a": 0.75, "b": 0.25}))
    trajectory = Trajectory("agent", turns, End.TERMINATED)
    assert trajectory.reward == 1.5
    assert trajectory.rewards == {"a": 1.25, "b": 0.25}


def test_the_reward_of_an_episode_is_that_of_the_seats_that_learn() -> None:
    seats = (
        Trajectory("a", (Turn(reward=1.0),), End.TERMINATED),
        Trajectory("b", (Turn(reward=3.0),), End.TERMINATED, trainable=False),
    )
    assert Episode("env", "task", 0, "g", seats).reward == 1.0


def test_one_failed_seat_fails_the_episode_and_says_why() -> None:
    seats = (Trajectory("a", (), End.TERMINATED), Trajectory("b", (), End.FAILED, failure="the sandbox died"))
    episode = Episode("env", "task", 0, "g", seats)
    assert episode.failed
    assert episode.failure == "the sandbox died"
    assert not Episode("env", "task", 0, "g", seats[:1]).failed


@pytest.mark.parametrize(("said", "reward", "success"), [(True, 0.0, True), (False, 1.0, False), (None, 0.1, True)])
def test_success_is_what_the_environment_says_else_a_positive_reward(
    said: bool | None, reward: float, success: bool
) -> None:
    seats = (Trajectory("a", (Turn(reward=reward),), End.TERMINATED),)
    episode = Episode("env", "task", 0, "g", seats, info={} if said is None else {"success": said})
    assert episode.success is success


GOOD = json.loads(Episode("env", "task", 0, "g", (Trajectory("a", (Turn(action=(1,)),), End.TERMINATED),)).to_json())


def without(key: str) -> str:
    return json.dumps({name: value for name, value in GOOD.items() if name != key})


def with_turn(**changes: object) -> str:
    seat = GOOD["trajectories"][0]
    return json.dumps({**GOOD, "trajectories": [{**seat, "turns": [{**seat["turns"][0], **changes}]}]})


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "[]",
        "17",
        "null",
        '"text"',
        "{}",
        without("version"),
        without("trajectories"),
        without("order"),
        without("env"),
        json.dumps({**GOOD, "version": SCHEMA_VERSION + 1}),
        json.dumps({**GOOD, "unknown": 1}),
        json.dumps({**GOOD, "trajectories": 3}),
        json.dumps({**GOOD, "trajectories": [3]}),
        json.dumps({**GOOD, "trajectories": ["text"]}),
        json.dumps({**GOOD, "trajectories": [{**GOOD["trajectories"][0], "end": "exploded"}]}),
        json.dumps({**GOOD, "trajectories": [{**GOOD["trajectories"][0], "turns": None}]}),
        with_turn(stop="never"),
        with_turn(action=None),
        with_turn(logprobs=[-1.0, -2.0]),
        with_turn(unknown=1),
    ],
)
def test_a_line_that_is_no_episode_raises_value_error(line: str) -> None:
    assert Episode.from_json(json.dumps(GOOD)).task_id == "task"
    with pytest.raises(ValueError, match=r"."):
        Episode.from_json(line)
