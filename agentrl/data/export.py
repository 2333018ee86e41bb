"""Episodes as chat messages in OpenAI's form, with tools and tool calls, and back."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agentrl.data.tool_calls import join_action, join_observation, split_action, split_observation
from agentrl.episode import End, Episode, Stop, Trajectory, Turn

Record = dict[str, Any]


def to_messages(episode: Episode, agent: str | None = None) -> Record:
    """One seat's conversation: {"messages": [{"role", "content"}, ...], "reward", "success", "task_id", ...}.

    A system message (if there is one), then for each turn what was observed (user) and what was said (assistant), so
    that the last message is the policy's; what it saw after that is `final_observation`. An answer that is not to be
    learned (`imitate` False in its turn's info: an expert's slip on purpose) has "weight": 0, as in OpenAI's format for
    fine-tuning; trainers that know no weights must leave it out of the loss themselves. `agent` may be left out when
    only one seat is trainable.

    Where the environment told its tools (`tools` in the episode's info) they are in "tools", calls are in "tool_calls"
    and results in messages of the role "tool", and the system message is `prompt_without_tools` if the environment told
    that too: a chat template shows the tools, and how they are called. A conversation of another form than
    `agentrl.data.tool_calls` describes stays text, without "tools".

    Raises ValueError when there is no such seat, or several and none is named.
    """
    trajectory = seat(episode, agent)
    tools = episode.info.get("tools")
    turns = structured(trajectory) if tools else None
    system = trajectory.system_prompt if turns is None else prompt_without_tools(episode, trajectory)
    record: Record = {"messages": list(_messages(trajectory, turns, system))}
    if turns is not None:
        record["tools"] = tools
    return record | outcome(episode, trajectory)


def from_messages(record: Mapping[str, Any]) -> Episode:
    """The episode of a record that `to_messages` made: the same texts (tool calls in their canonical form, the system
    prompt as it is there), without token ids; the whole reward is that of the last turn.

    Raises ValueError when the messages aren't an optional system message, then observations and answers in turn.
    """
    messages = list(record["messages"])
    system = str(messages.pop(0)["content"]) if messages and messages[0]["role"] == "system" else ""
    has_tools = bool(record.get("tools"))
    turns: list[Turn] = []
    results: list[str] = []
    said: str | None = None
    for message in messages:
        content = message.get("content") or ""
        if message["role"] == "tool" and said is None:
            results.append(content)
        elif message["role"] == "user" and said is None:
            said = content
        elif message["role"] == "assistant" and (results or said is not None):
            observation = join_observation(results, said) if has_tools else said or ""
            text = join_action(content, _calls(message)) if has_tools else content
            info = {"imitate": False} if message.get("weight") == 0 else {}  # a table has null where there is none
            turns.append(Turn(stop=Stop.SCRIPTED, observation=observation, text=text, info=info))
            results, said = [], None
        else:
            raise ValueError(f"a message of the role {message['role']!r} does not fit where it stands")
    if results or said is not None:
        raise ValueError("the last message is no answer of the assistant")
    return as_episode(record, turns, system, record.get("tools"))


@dataclass(frozen=True, slots=True)
class StructuredTurn:
    """A turn whose text follows the form of tool calls: results and words before it, words and calls in it."""

    results: list[str]
    said: str | None
    words: str
    calls: list[dict[str, Any]]


def structured(trajectory: Trajectory) -> list[StructuredTurn] | None:
    """The turns in parts; None when an observation has another form, so that nothing is guessed."""
    turns: list[StructuredTurn] = []
    waiting = 0
    for turn in trajectory.turns:
        observed = split_observation(turn.observation, waiting)
        if observed is None:
            return None
        words, calls = split_action(turn.text)
        turns.append(StructuredTurn(*observed, words, calls))
        waiting = len(calls)
    return turns


def prompt_without_tools(episode: Episode, trajectory: Trajectory) -> str:
    """The system prompt beside tools in a record's own "tools", which need not be told twice."""
    return str(episode.info.get("prompt_without_tools") or trajectory.system_prompt)


def outcome(episode: Episode, trajectory: Trajectory) -> Record:
    """How the episode went, to lie beside any form of its texts."""
    return {
        "reward": trajectory.reward,
        "success": episode.success,
        "task_id": episode.task_id,
        "category": episode.category,
        "env": episode.env,
        "seed": episode.seed,
        "agent": trajectory.agent,
        "end": str(trajectory.end),
        "final_observation": trajectory.final_observation,
    }


def as_episode(record: Mapping[str, Any], turns: Sequence[Turn], system: str, tools: Any = None) -> Episode:
    """An episode of one seat from texts and `outcome`. Raises ValueError when something of the latter is missing."""
    try:
        credited = [*turns[:-1], _credited(turns[-1], record["reward"])] if turns else []
        trajectory = Trajectory(
            agent=record["agent"],
            turns=tuple(credited),
            end=End(record["end"]),
            system_prompt=system,
            final_observation=record["final_observation"],
        )
        info: Record = {"success": record["success"]}
        info |= {"category": record["category"]} if record["category"] else {}
        info |= {"tools": tools} if tools else {}
        return Episode(record["env"], record["task_id"], record["seed"], "", (trajectory,), info=info)
    except KeyError as error:
        raise ValueError(f"the record has no {error}") from error


def seat(episode: Episode, agent: str | None = None) -> Trajectory:
    """The seat of this name, or the only trainable one. Raises ValueError when that is unclear."""
    found = [one for one in episode.trajectories if (one.trainable if agent is None else one.agent == agent)]
    if len(found) != 1:
        seats = ", ".join(one.agent for one in episode.trajectories)
        problem = f"there is no seat {agent!r}" if agent is not None else f"{len(found)} seats are trainable"
        raise ValueError(f"{problem}; name one of: {seats}")
    return found[0]


def _messages(trajectory: Trajectory, turns: Sequence[StructuredTurn] | None, system: str) -> Iterator[Record]:
    if system:
        yield {"role": "system", "content": system}
    ids: list[str] = []
    for number, turn in enumerate(trajectory.turns):
        unlearned = {} if turn.info.get("imitate", True) else {"weight": 0}
        if turns is None:
            yield {"role": "user", "content": turn.observation}
            yield {"role": "assistant", "content": turn.text} | unlearned
            continue
        parts = turns[number]
        for name, result in zip(ids, parts.results, strict=True):
            yield {"role": "tool", "tool_call_id": name, "content": result}
        if parts.said is not None:
            yield {"role": "user", "content": parts.said}
        ids = [f"call_{number}_{index}" for index in range(len(parts.calls))]
        calls = [_tool_call(name, call) for name, call in zip(ids, parts.calls, strict=True)]
        yield {"role": "assistant", "content": parts.words} | ({"tool_calls": calls} if calls else {}) | unlearned


def _tool_call(name: str, call: Mapping[str, Any]) -> Record:
    arguments = json.dumps(call["arguments"], ensure_ascii=False)
    return {"id": name, "type": "function", "function": {"name": call["name"], "arguments": arguments}}


def _calls(message: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = [call["function"] for call in message.get("tool_calls") or ()]
    return [{"name": call["name"], "arguments": json.loads(call["arguments"])} for call in found]


def _credited(turn: Turn, reward: float) -> Turn:
    return Turn(stop=turn.stop, observation=turn.observation, text=turn.text, info=turn.info, reward=reward)
