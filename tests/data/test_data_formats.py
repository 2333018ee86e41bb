"""Every form of a data set is read back as it was written, with tools, calls and slips."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentrl.data import FORMATS, from_messages, from_preference, to_messages, to_preference, to_sharegpt
from agentrl.data.tool_calls import join_action, join_observation, split_action, split_observation
from agentrl.episode import End, Episode, Trajectory, Turn

TOOLS = [{"type": "function", "function": {"name": "find", "description": "Finds.", "parameters": {"type": "object"}}}]
FIND = '<tool_call>{"name": "find", "arguments": {"id": "#W1", "名": [1, null]}}</tool_call>'
DIALOGUE = [
    ("user: Where is order #W1?", FIND),
    ('tool: {"state": "sent"}', "It was sent.\nAnything else?"),
    ("user: No, thanks.", "Bye."),
]


def episode(pairs: list[tuple[str, str]], *, reward: float = 1.0, slips: tuple[int, ...] = (), **info: Any) -> Episode:
    turns = tuple(
        Turn(observation=seen, text=said, info={"imitate": False} if i in slips else {}, reward=reward * (i == 0))
        for i, (seen, said) in enumerate(pairs)
    )
    trajectory = Trajectory("agent", turns, End.TERMINATED, system_prompt="Be kind.", final_observation="fin")
    return Episode("desk", "t-1", 5, "g", (trajectory,), info={"success": reward > 0, "category": "easy", **info})


def texts(one: Episode) -> list[tuple[str, str, bool]]:
    turns = one.trajectories[0].turns
    return [(turn.observation, turn.text, bool(turn.info.get("imitate", True))) for turn in turns]


def outcome(one: Episode) -> tuple[Any, ...]:
    seat = one.trajectories[0]
    told = one.env, one.task_id, one.seed, one.success, one.category, one.reward
    return *told, seat.agent, seat.end, seat.system_prompt, seat.final_observation


def written(kind: str, one: Episode, *others: Episode) -> list[dict[str, Any]]:
    """The records as they come back from a file."""
    return [json.loads(json.dumps(record)) for record in FORMATS[kind].records([one], others)]


@pytest.mark.parametrize("kind", ["messages", "sharegpt", "alpaca", "prompt_response"])
@pytest.mark.parametrize("info", [{}, {"tools": TOOLS}])
@pytest.mark.parametrize("slips", [(), (1,)])
def test_an_episode_is_read_back(kind: str, info: dict[str, Any], slips: tuple[int, ...]) -> None:
    one = episode(DIALOGUE, slips=slips, **info)
    record = written(kind, one)[-1]
    read = FORMATS[kind].read(record)
    assert texts(read) == texts(one)
    assert outcome(read) == outcome(one)


line = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
call = st.builds(
    lambda n, a: f"<tool_call>{json.dumps({'name': n, 'arguments': a})}</tool_call>", line, st.dictionaries(line, line)
)
said = st.one_of(line, call, st.builds("{}\n{}".format, call, call), st.just("<tool_call>{broken"), st.just("tool: x"))
seen = st.one_of(
    line, line.map("user: {}".format), line.map("tool: {}".format), st.just("tool: a\nuser: b\nc"), st.just("error: e")
)


@pytest.mark.parametrize("kind", ["messages", "sharegpt", "alpaca"])
@settings(deadline=None, max_examples=60)
@given(pairs=st.lists(st.tuples(seen, said), min_size=1, max_size=4))
def test_anything_is_read_back(kind: str, pairs: list[tuple[str, str]]) -> None:
    one = episode(pairs, tools=TOOLS)
    (record,) = written(kind, one)
    read = FORMATS[kind].read(record)
    assert [pair[0] for pair in texts(read)] == [pair[0] for pair in pairs]
    for (_, back, _), (_, text) in zip(texts(read), pairs, strict=True):
        assert split_action(back) == split_action(text)
    assert written(kind, read) == [record]


def test_calls_become_tool_calls() -> None:
    record = to_messages(episode(DIALOGUE, tools=TOOLS))
    assert record["tools"] == TOOLS
    arguments = '{"id": "#W1", "名": [1, null]}'
    assert record["messages"][1:4] == [
        {"role": "user", "content": "Where is order #W1?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": "call_0_0", "type": "function", "function": {"name": "find", "arguments": arguments}}
            ],
        },
        {"role": "tool", "tool_call_id": "call_0_0", "content": '{"state": "sent"}'},
    ]


@pytest.mark.parametrize("kind", ["messages", "sharegpt"])
def test_tools_are_told_once(kind: str) -> None:
    def system(pairs: list[tuple[str, str]], form: str) -> str:
        one = episode(pairs, tools=TOOLS, prompt_without_tools="Be kind. Without.")
        (*_, record) = written(form, one)
        return FORMATS[form].read(record).trajectories[0].system_prompt

    assert system(DIALOGUE, kind) == "Be kind. Without."
    assert system([("Guess.", "5"), ("higher", FIND)], kind) == "Be kind."
    assert system(DIALOGUE, "prompt_response") == system(DIALOGUE, "alpaca") == "Be kind."


def test_several_calls_and_a_word_before_them() -> None:
    pairs = [("user: hi", f"Let me look.\n{FIND}\n{FIND}"), ("tool: 1\ntool: 2\nuser: and?", "Done.")]
    messages = to_messages(episode(pairs, tools=TOOLS))["messages"]
    assert messages[2]["content"] == "Let me look."
    assert [one["id"] for one in messages[2]["tool_calls"]] == ["call_0_0", "call_0_1"]
    assert [(one["role"], one["content"]) for one in messages[3:6]] == [("tool", "1"), ("tool", "2"), ("user", "and?")]
    assert texts(from_messages(to_messages(episode(pairs, tools=TOOLS)))) == texts(episode(pairs))


def test_a_model_s_own_way_to_write_a_call_is_understood() -> None:
    qwen = '<tool_call>\n{"name": "find", "arguments": {"id": 1}}\n</tool_call>'
    assert split_action(qwen) == ("", [{"name": "find", "arguments": {"id": 1}}])
    assert split_action(join_action(*split_action(qwen))) == split_action(qwen)


@pytest.mark.parametrize(
    "text",
    [
        "<tool_call>{broken}</tool_call>",
        '<tool_call>{"name": "find"',
        '<tool_call>{"name": 3}</tool_call>',
        '<tool_call>{"name": "find", "arguments": []}</tool_call>',
        '<tool_call>{"name": "find", "args": {}}</tool_call>',
        f"{FIND}</think><tool_call>{{broken",
        f"<think>{FIND}</think>No.",
        f"I look: {FIND}</think>No.",
        f"{FIND}<think>so",
        "no call",
    ],
)
def test_a_broken_call_stays_text(text: str) -> None:
    assert split_action(text) == (text, [])


@pytest.mark.parametrize(
    ("text", "words", "calls"),
    [
        (f"{FIND}\nOne moment.", "One moment.", 1),
        (f"Let me look.\n{FIND} One moment. {FIND} And then?\n", "Let me look.\nOne moment.\nAnd then?", 2),
        (f"<think>{FIND}?</think>\n{FIND}\nOne moment.", f"<think>{FIND}?</think>\nOne moment.", 1),
    ],
)
def test_words_behind_a_call_come_before_it(text: str, words: str, calls: int) -> None:
    found = split_action(text)
    assert (found[0], len(found[1])) == (words, calls)
    assert split_action(join_action(*found)) == found


def test_a_result_that_no_call_asked_for_leaves_the_conversation_text() -> None:
    for observed in ('tool: {"a": 1}', 'error: no JSON\ntool: {"a": 1}', 'tool: {"a": 1}\nuser: hi'):
        record = to_messages(episode([("user: hi", "<tool_call>{broken"), (observed, "Done.")], tools=TOOLS))
        assert "tools" not in record
        assert [one["content"] for one in record["messages"][3:]] == [observed, "Done."]


def test_a_broken_call_s_error_stands_where_the_user_speaks() -> None:
    pairs = [("user: hi", "<tool_call>{broken"), ("error: no JSON", FIND), ("tool: 1", "Done.")]
    messages = to_messages(episode(pairs, tools=TOOLS))["messages"]
    assert [one["role"] for one in messages[1:]] == ["user", "assistant", "user", "assistant", "tool", "assistant"]
    assert messages[2]["content"] == "<tool_call>{broken"
    assert messages[3]["content"] == "error: no JSON"


def test_a_conversation_of_another_form_stays_text() -> None:
    record = to_messages(episode([("Guess.", "5"), ("higher", FIND)], tools=TOOLS))
    assert "tools" not in record
    assert record["messages"][-1]["content"] == FIND


def test_results_and_words_are_told_apart() -> None:
    assert split_observation("tool: a\ntool: b\nuser: c\nd", 2) == (["a", "b"], "c\nd")
    assert split_observation("tool: a", 1) == (["a"], None)
    assert split_observation("tool: a", 2) is None
    assert join_observation(["a"], "b") == "tool: a\nuser: b"


def test_sharegpt_has_the_roles_that_llama_factory_reads() -> None:
    record = to_sharegpt(episode(DIALOGUE, tools=TOOLS))
    roles = [one["from"] for one in record["conversations"]]
    assert roles == ["human", "function_call", "observation", "gpt", "human", "gpt"]
    assert json.loads(record["conversations"][1]["value"])["name"] == "find"
    assert json.loads(record["tools"]) == TOOLS


def test_alpaca_has_the_last_turn_and_the_history() -> None:
    (record,) = written("alpaca", episode(DIALOGUE))
    assert (record["instruction"], record["input"], record["output"]) == ("user: No, thanks.", "", "Bye.")
    assert record["history"] == [list(pair) for pair in DIALOGUE[:2]]
    assert record["system"] == "Be kind."


def test_a_slip_is_no_response_but_stays_in_the_prompt() -> None:
    records = written("prompt_response", episode(DIALOGUE, slips=(1,)))
    assert [record["turn"] for record in records] == [0, 2]
    assert records[1]["prompt"][4]["content"] == DIALOGUE[1][1]


def test_a_pair_shares_its_beginning() -> None:
    good = episode(DIALOGUE)
    bad = episode([DIALOGUE[0], (DIALOGUE[1][0], "I don't know.")], reward=0.0)
    (record,) = written("preference", good, bad)
    assert [one["content"] for one in record["prompt"]] == ["Be kind.", *DIALOGUE[0], DIALOGUE[1][0]]
    assert record["chosen"][0]["content"] == DIALOGUE[1][1]
    assert record["rejected"] == [{"role": "assistant", "content": "I don't know."}]
    chosen, rejected = from_preference(record)
    assert (texts(chosen), texts(rejected)) == (texts(good), texts(bad))
    assert (outcome(chosen), outcome(rejected)) == (outcome(good), outcome(bad))


@pytest.mark.parametrize("other", [DIALOGUE, [("user: something else", "5")], DIALOGUE[:1]])
def test_there_is_no_pair_without_a_different_answer(other: list[tuple[str, str]]) -> None:
    assert to_preference(episode(DIALOGUE), episode(other, reward=0.0)) is None


def test_a_pair_needs_one_that_succeeded() -> None:
    failed = episode([("user: hi", "no")], reward=0.0)
    assert written("preference", failed, episode([("user: hi", "never")], reward=0.0)) == []


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "user", "content": "a"}],
        [{"role": "assistant", "content": "a"}],
        [{"role": "user", "content": "a"}, {"role": "user", "content": "b"}, {"role": "assistant", "content": "c"}],
        [{"role": "poet", "content": "a"}, {"role": "assistant", "content": "c"}],
    ],
)
def test_messages_out_of_order_are_refused(messages: list[dict[str, str]]) -> None:
    with pytest.raises(ValueError, match=r"does not fit where it stands|the last message is no answer"):
        from_messages({**to_messages(episode(DIALOGUE)), "messages": messages})


def test_columns_of_a_table_may_hold_nulls() -> None:
    record = to_messages(episode(DIALOGUE, tools=TOOLS, slips=(1,)))
    for message in record["messages"]:
        for key in ("weight", "tool_calls", "tool_call_id"):
            message.setdefault(key, None)
    assert texts(from_messages(record)) == texts(episode(DIALOGUE, slips=(1,)))
