"""The forms in which data sets are exchanged, each with the way back.

`FORMATS[name].records(chosen, failures)` gives the records of the episodes of one task; `read` makes an episode of one
record again: the same system prompt, observations, answers and outcome. (`read` of "preference" gives the chosen one;
`from_preference` gives both.) Only seats that are trainable are written.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentrl.data.export import (
    Record,
    as_episode,
    from_messages,
    outcome,
    prompt_without_tools,
    seat,
    structured,
    to_messages,
)
from agentrl.data.tool_calls import join_action, join_observation
from agentrl.episode import Episode, Stop, Trajectory, Turn

PAIRS = "preference"
_CALLS, _RESULTS = "function_call", "observation"


def to_sharegpt(episode: Episode, agent: str | None = None) -> Record:
    """{"conversations": [{"from", "value"}, ...], "system", "tools", ...}: human and gpt in turn.

    Where the environment told its tools and every turn is either a message or calls, calls are "function_call" (JSON,
    a list for several) and results "observation" (JSON, a list for several), as LLaMA-Factory reads them.
    `unlearned` are the positions in `conversations` of answers that are not to be learned.
    """
    trajectory = seat(episode, agent)
    tools = episode.info.get("tools")
    turns = _pure_turns(trajectory) if tools else None
    said: list[Record] = []
    for observation, answer in turns or [(("human", t.observation), ("gpt", t.text)) for t in trajectory.turns]:
        said += [{"from": observation[0], "value": observation[1]}, {"from": answer[0], "value": answer[1]}]
    unlearned = [2 * i + 1 for i, turn in enumerate(trajectory.turns) if not turn.info.get("imitate", True)]
    system = trajectory.system_prompt if turns is None else prompt_without_tools(episode, trajectory)
    record: Record = {"conversations": said, "system": system, "unlearned": unlearned}
    record["tools"] = json.dumps(tools, ensure_ascii=False) if turns is not None else ""
    return record | outcome(episode, trajectory)


def from_sharegpt(record: Mapping[str, Any]) -> Episode:
    """The episode of a record that `to_sharegpt` made. Raises ValueError unless observations and answers alternate."""
    said = record["conversations"]
    tools = json.loads(record["tools"]) if record["tools"] else None
    turns: list[Turn] = []
    for index in range(0, len(said), 2):
        pair = said[index : index + 2]
        if [one["from"] in (("human", _RESULTS), ("gpt", _CALLS))[i] for i, one in enumerate(pair)] != [True, True]:
            raise ValueError(f"conversations[{index}] and the next are no observation with its answer")
        observation, text = (_text(one["from"], one["value"], bool(tools)) for one in pair)
        turns.append(_turn(observation, text, index + 1 not in record["unlearned"]))
    return as_episode(record, turns, record["system"], tools)


def to_alpaca(episode: Episode, agent: str | None = None) -> Record:
    """{"instruction", "input", "output", "system", "history": [[observation, answer], ...], ...}.

    The last turn is instruction and output, those before it are the history. `input` is empty. `unlearned` are the
    positions of turns that are not to be learned. Raises ValueError for a seat that never acted.
    """
    trajectory = seat(episode, agent)
    if not trajectory.turns:
        raise ValueError(f"the seat {trajectory.agent} never acted")
    *before, last = trajectory.turns
    return {
        "instruction": last.observation,
        "input": "",
        "output": last.text,
        "system": trajectory.system_prompt,
        "history": [[turn.observation, turn.text] for turn in before],
        "unlearned": [i for i, turn in enumerate(trajectory.turns) if not turn.info.get("imitate", True)],
    } | outcome(episode, trajectory)


def from_alpaca(record: Mapping[str, Any]) -> Episode:
    """The episode of a record that `to_alpaca` made."""
    asked = f"{record['instruction']}\n{record['input']}" if record["input"] else record["instruction"]
    pairs = [*record["history"], [asked, record["output"]]]
    turns = [_turn(pair[0], pair[1], i not in record["unlearned"]) for i, pair in enumerate(pairs)]
    return as_episode(record, turns, record["system"])


def to_prompt_response(episode: Episode, agent: str | None = None) -> Iterator[Record]:
    """For each answer that is to be learned {"prompt": [messages], "response": text, "turn", "turns", ...}."""
    trajectory = seat(episode, agent)
    messages = _plain(episode, trajectory)["messages"]
    lead = 1 if trajectory.system_prompt else 0
    for index, turn in enumerate(trajectory.turns):
        if turn.info.get("imitate", True):
            prompt = messages[: lead + 2 * index + 1]
            numbers = {"turn": index, "turns": len(trajectory.turns)}
            yield {"prompt": prompt, "response": turn.text} | numbers | outcome(episode, trajectory)


def from_prompt_response(record: Mapping[str, Any]) -> Episode:
    """The episode up to the record's answer; that of the last answer's record is whole."""
    answer = {"role": "assistant", "content": record["response"]}
    return from_messages({**record, "messages": [*record["prompt"], answer], "tools": None})


def to_preference(good: Episode, bad: Episode, agent: str | None = None) -> Record | None:
    """{"prompt", "chosen", "rejected": [messages], "chosen_outcome", "rejected_outcome"} of two episodes of a task.

    `prompt` is what both have in common up to the first different answer; the rest of each follows it. None when they
    are the same, or differ before any answer does: an environment that answers by chance has no pair to compare.
    """
    sides = [(episode, seat(episode, agent)) for episode in (good, bad)]
    chosen, rejected = (_plain(*side)["messages"] for side in sides)
    common = next((i for i, pair in enumerate(zip(chosen, rejected, strict=False)) if pair[0] != pair[1]), None)
    if common is None or chosen[common]["role"] != "assistant" or rejected[common]["role"] != "assistant":
        return None
    return {
        "prompt": chosen[:common],
        "chosen": chosen[common:],
        "rejected": rejected[common:],
        "chosen_outcome": outcome(*sides[0]),
        "rejected_outcome": outcome(*sides[1]),
    }


def from_preference(record: Mapping[str, Any]) -> tuple[Episode, Episode]:
    """The chosen and the rejected episode of a record that `to_preference` made."""
    good, bad = (
        from_messages({**record[f"{name}_outcome"], "messages": [*record["prompt"], *record[name]]})
        for name in ("chosen", "rejected")
    )
    return good, bad


@dataclass(frozen=True, slots=True)
class Format:
    """`records`: the records of the episodes of one task that were chosen; its failures may serve as bad examples.
    `read`: the way back. `whole`: whether each record is of one conversation, and no conversation has two."""

    records: Callable[[Sequence[Episode], Sequence[Episode]], Iterator[Record]]
    read: Callable[[Mapping[str, Any]], Episode]
    whole: bool = True


def _each(write: Callable[[Episode, str], Record | Iterator[Record]]) -> Callable[..., Iterator[Record]]:
    def records(chosen: Sequence[Episode], failures: Sequence[Episode]) -> Iterator[Record]:
        for episode in chosen:
            for trajectory in episode.trajectories:
                if trajectory.trainable and trajectory.turns:
                    made = write(episode, trajectory.agent)
                    yield from [made] if isinstance(made, dict) else made

    return records


def _pairs(chosen: Sequence[Episode], failures: Sequence[Episode]) -> Iterator[Record]:
    """The best chosen episode that succeeded, against each failure of the task; one seat after the other."""
    good = max((e for e in chosen if e.success), key=lambda e: e.reward, default=None)
    if good is None:
        return
    for trajectory in good.trajectories:
        for bad in failures if trajectory.trainable else ():
            if record := to_preference(good, bad, trajectory.agent):
                yield record


FORMATS: dict[str, Format] = {
    "messages": Format(_each(to_messages), from_messages),
    "sharegpt": Format(_each(to_sharegpt), from_sharegpt),
    "alpaca": Format(_each(to_alpaca), from_alpaca),
    "prompt_response": Format(_each(to_prompt_response), from_prompt_response, whole=False),
    PAIRS: Format(_pairs, lambda record: from_preference(record)[0], whole=False),
}
"""Every form but our own episodes, which are written whole."""


def _plain(episode: Episode, trajectory: Trajectory) -> Record:
    """Messages without structure: tool calls stay text, so that prompt and answer are strings."""
    bare = Episode(episode.env, episode.task_id, episode.seed, "", (trajectory,), info={"success": episode.success})
    return to_messages(bare, trajectory.agent)


def _turn(observation: str, text: str, learned: bool) -> Turn:
    return Turn(stop=Stop.SCRIPTED, observation=observation, text=text, info={} if learned else {"imitate": False})


_Said = tuple[str, str]


def _pure_turns(trajectory: Trajectory) -> list[tuple[_Said, _Said]] | None:
    """(role, value) of each observation and answer.

    None where one mixes words with calls or results, or a single result looks like several.
    """
    turns: list[tuple[_Said, _Said]] = []
    for turn in structured(trajectory) or ():
        mixed = (turn.words and turn.calls) or (turn.results and turn.said is not None)
        if mixed or (len(turn.results) == 1 and _several(turn.results[0]) != turn.results):
            return None
        observation = (_RESULTS, _json(turn.results)) if turn.results else ("human", turn.said or "")
        answer = (_CALLS, _json(turn.calls)) if turn.calls else ("gpt", turn.words)
        turns.append((observation, answer))
    return turns or None


def _json(parts: Sequence[Any]) -> str:
    """One part by itself, several as a list."""
    texts = [part if isinstance(part, str) else json.dumps(part, ensure_ascii=False) for part in parts]
    return texts[0] if len(texts) == 1 else json.dumps(list(parts), ensure_ascii=False)


def _text(role: str, value: str, structured: bool) -> str:
    """The text of one entry of `conversations`."""
    if role == _CALLS:
        found = json.loads(value)
        return join_action("", found if isinstance(found, list) else [found])
    if role == _RESULTS:
        return join_observation(_several(value), None)
    return join_observation([], value) if structured and role == "human" else value


def _several(value: str) -> list[str]:
    try:
        found = json.loads(value)
    except ValueError:
        return [value]
    whole = isinstance(found, list) and len(found) > 1 and all(isinstance(part, str) for part in found)
    return found if whole else [value]
