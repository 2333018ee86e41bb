"""The card of a data set: what is in it, how varied it is, and how it was made. README.md for people (and the hub's
`datasets`, which finds the files by its head), card.json for programs."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from agentrl.data.columns import features
from agentrl.data.formats import FORMATS
from agentrl.data.shards import INDEX, ShardWriter
from agentrl.data.statistics import SIMILAR, distinct_n, near_duplicate_share, words
from agentrl.data.worded import Worded, worded
from agentrl.episode import Episode
from agentrl.errors import UserError
from agentrl.runs.disk import write_atomically

SAMPLE = 1000
"""Episodes, at even distances, whose texts the measures of variety look at."""
_MOST_ROWS = 100


def write_card(shards: ShardWriter, kinds: Sequence[str]) -> None:
    """Write both files next to the data. Raises UserError when they cannot be written."""
    card = describe(shards, kinds)
    try:
        write_atomically(shards.folder / "card.json", json.dumps(card, indent=1, ensure_ascii=False).encode())
        write_atomically(shards.folder / "README.md", _markdown(card).encode())
    except OSError as error:
        raise UserError(f"{shards.folder}: the card cannot be written: {error.strerror}.") from error


def describe(shards: ShardWriter, kinds: Sequence[str]) -> dict[str, Any]:
    """The card: settings, counts by reason, by cell and by label, lengths, and the variety of a sample's texts."""
    cells: Counter[str] = Counter()
    labels: dict[str, Counter[str]] = {}
    turns = successes = 0
    reward = 0.0
    spoken: list[dict[str, Any]] = []
    for line in shards.lines(INDEX):
        entry = json.loads(line)
        spoken += [{"user_turns": entry["user_turns"]}] if "user_turns" in entry else []
        cells[entry["cell"]] += 1
        for name, value in entry["labels"].items():
            labels.setdefault(name, Counter())[str(value)] += 1
        turns += entry["turns"]
        reward += entry["reward"]
        successes += entry["success"]
    kept = cells.total()
    return {
        "settings": shards.settings,
        "tasks": shards.tasks,
        "counts": dict(shards.tally),
        "episodes": kept,
        "records": {kind: sum(1 for _ in shards.lines(kind)) for kind in kinds},
        "files": {kind: len(shards.files(kind)) for kind in kinds},
        "success": successes / kept if kept else 0.0,
        "mean_reward": reward / kept if kept else 0.0,
        "mean_turns": turns / kept if kept else 0.0,
        **({"user_turns": one.as_dict()} if (one := worded(spoken)) else {}),
        "cells": dict(cells.most_common()),
        "labels": {name: dict(counts.most_common()) for name, counts in labels.items()},
        "variety": _variety(_sample(shards, next((kind for kind in kinds if _is_whole(kind)), kinds[0]))),
    }


def _variety(episodes: Sequence[Episode]) -> dict[str, Any]:
    """Distinct-n of observations and answers, and near-duplicates among whole conversations."""
    seats = [one for episode in episodes for one in episode.trajectories if one.trainable]
    turns = [[(words(turn.observation), words(turn.text)) for turn in one.turns] for one in seats]
    observed, answered = ([turn[side] for one in turns for turn in one] for side in (0, 1))
    whole = [[word for turn in one for text in turn for word in text] for one in turns]
    return {
        "episodes_looked_at": len(episodes),
        "observations": {f"distinct_{n}": round(distinct_n(observed, n), 4) for n in (1, 2, 3)},
        "answers": {f"distinct_{n}": round(distinct_n(answered, n), 4) for n in (1, 2, 3)},
        "near_duplicate_share": round(near_duplicate_share(whole), 4),
        "near_duplicate_similarity": SIMILAR,
    }


def _sample(shards: ShardWriter, kind: str) -> list[Episode]:
    """At most `SAMPLE` episodes of a stream, at even distances; each once, however many records it has."""
    numbers = range(sum(1 for _ in shards.lines(kind))) if _is_whole(kind) else _last_lines(shards.lines(kind))
    wanted = {*numbers[:: max(1, -(-len(numbers) // SAMPLE))]}
    lines = (line.decode() for number, line in enumerate(shards.lines(kind)) if number in wanted)
    if kind not in FORMATS:
        return [Episode.from_json(line) for line in lines]
    return [FORMATS[kind].read(json.loads(line)) for line in lines]


def _is_whole(kind: str) -> bool:
    return kind not in FORMATS or FORMATS[kind].whole


def _last_lines(lines: Iterable[bytes]) -> Sequence[int]:
    """The number of each conversation's last record: of a response that has the whole of it before it, or of a pair."""
    last: list[int] = []
    before: tuple[Any, ...] = ()
    turn = -1
    for number, line in enumerate(lines):
        record = json.loads(line)
        outcome = record.get("chosen_outcome", record)
        conversation = tuple(outcome[name] for name in ("task_id", "seed", "agent"))
        if conversation == before and record.get("turn", turn + 1) > turn:
            last.pop()
        last.append(number)
        before, turn = conversation, record.get("turn", -1)
    return last


def _markdown(card: Mapping[str, Any]) -> str:
    kinds, counts, variety = card["files"], card["counts"], card["variety"]
    there = [kind for kind in kinds if kinds[kind]]  # without a record there is no file to name
    head = ["---", "configs:" if there else "configs: []"]
    for kind in there:
        head += [f"- config_name: {kind}", f'  data_files: "{kind}/*.jsonl"']
    told = [{"config_name": kind, "features": features(kind)} for kind in there]
    head += ["dataset_info:" if told else "dataset_info: []"]
    head += [f"- {json.dumps(one)}" for one in told]  # YAML understands JSON
    settings = [f"| {key} | `{json.dumps(value, ensure_ascii=False)}` |" for key, value in card["settings"].items()]
    left_out = ", ".join(f"{counts[name]} {words}" for name, words in _LEFT_OUT.items() if counts.get(name))
    lines = [
        *head,
        "---",
        f"# {card['episodes']} episodes of {card['settings'].get('env', 'an environment')}",
        "",
        f"{card['tasks']} tasks, {counts.get('played', 0)} episodes played, {card['episodes']} kept"
        + (f"; left out: {left_out}." if left_out else "."),
        f"Of those kept {card['success']:.1%} succeed; mean reward {card['mean_reward']:.3f}, "
        f"{card['mean_turns']:.1f} turns on average.",
        *_users(card),
        "",
        "| form | records | files |",
        "|---|---|---|",
        *(f"| {kind} | {card['records'][kind]} | {kinds[kind]} |" for kind in kinds),
        "",
        "## Variety",
        "",
        f"Of {variety['episodes_looked_at']} episodes at even distances. Distinct-n is the share of different n-grams.",
        "",
        "| | distinct-1 | distinct-2 | distinct-3 |",
        "|---|---|---|---|",
        *(_distinct_row(name, variety[name]) for name in ("observations", "answers")),
        "",
        f"{variety['near_duplicate_share']:.1%} of the conversations are near-duplicates of an earlier one "
        f"(3-gram Jaccard similarity of at least {variety['near_duplicate_similarity']}).",
        "",
        "## Counts",
        "",
        *(row for name, found in card["labels"].items() for row in _counts(name, found)),
        *(_counts("cell", card["cells"]) if len(card["labels"]) > 1 else ()),
        "## Settings",
        "",
        "| setting | value |",
        "|---|---|",
        *settings,
        "",
    ]
    return "\n".join(lines)


_LEFT_OUT = {
    "failed": "whose machinery broke",
    "unsuccessful": "without success",
    "not_best": "that were not their task's best",
    "duplicate": "duplicates",
    "over_cap": "over the cap of their cell",
}


def _users(card: Mapping[str, Any]) -> list[str]:
    """How much of what the users say is the language model's that the settings name."""
    if "user_turns" not in card:
        return []
    told = Worded(**card["user_turns"])
    line = (
        f"A language model was to word {told.by_model} turns of users; for {told.asked_again} it was asked again, and "
        f"{told.replaced} ({told.share:.1%}) a template spoke instead."
    )
    return ["", line] + ([f"**Mind: {told.note}.**"] if told.note else [])


def _distinct_row(name: str, measured: Mapping[str, float]) -> str:
    return f"| {name} | " + " | ".join(f"{measured[f'distinct_{n}']:.3f}" for n in (1, 2, 3)) + " |"


def _counts(name: str, found: Mapping[str, int]) -> list[str]:
    rows = [f"| {value.replace(' | ', ', ') or '(none)'} | {count} |" for value, count in found.items()]
    more = [f"| {len(rows) - _MOST_ROWS} more, in card.json | |"] if len(rows) > _MOST_ROWS else []
    return [f"| {name} | episodes |", "|---|---|", *rows[:_MOST_ROWS], *more, ""]
