"""A few episodes of a run, prepared for reading turn by turn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from agentrl.episode import Episode, Stop, Trajectory, Turn

MOST_CHARACTERS = 6000
MOST_TURNS = 40
CONTROLS = {code: 0x2400 + code for code in range(32) if chr(code) not in "\n\t"}
"""Control characters as their pictures, since HTML forbids them."""
DIRECTIONS = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), 0xFFFD)
"""Characters that reorder what follows, which could make a text read as what it is not."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one side said; for an action, the reward that followed, its parts, and whether the action was cut off."""

    kind: str
    who: str
    text: str
    reward: float | None = None
    parts: tuple[tuple[str, float], ...] = ()
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Transcript:
    """One episode as messages, `left_out` turns shorter than it was; the page shows some unfolded."""

    episode: Episode
    messages: tuple[Message, ...]
    left_out: int
    unfolded: bool


def pick(episodes: Mapping[int, Sequence[Episode]]) -> list[tuple[int, list[Transcript]]]:
    """For the first and the last step with episodes, one success and one failure each, where there are any."""
    steps = [step for step in sorted(episodes) if episodes[step]]
    picked = []
    for step in dict.fromkeys((steps[0], steps[-1])) if steps else ():
        played = [episode for episode in episodes[step] if not episode.failed]
        successes = [episode for episode in played if episode.success][:1]
        failures = [episode for episode in played if not episode.success][:1]
        # first the one that tells the step's story: a failure at the beginning, a success at the end
        chosen = failures + successes if step == steps[0] and len(steps) > 1 else successes + failures
        picked.append((step, [_transcript(episode, index == 0) for index, episode in enumerate(chosen)]))
    return picked


def shown(text: str, whole: bool = False) -> str:
    """A text without characters that HTML forbids or that reorder the page, and shortened unless `whole`.

    It is not escaped here: the template escapes everything.
    """
    most = len(text) if whole else MOST_CHARACTERS
    visible = text[:most].translate(CONTROLS | DIRECTIONS)
    cut = len(text) - most
    return f"{visible}\n… {cut:,} more characters" if cut > 0 else visible


def _transcript(episode: Episode, unfolded: bool) -> Transcript:
    messages = [Message("system", "system", t.system_prompt) for t in episode.trajectories if t.system_prompt]
    messages = list(dict.fromkeys(messages))
    turns = list(_in_order(episode))
    for trajectory, turn in turns[:MOST_TURNS]:
        messages += _messages(trajectory, turn, seats=len(episode.trajectories))
    messages += [
        Message("observation", "environment", t.final_observation) for t in episode.trajectories if t.final_observation
    ]
    return Transcript(episode, tuple(messages), max(0, len(turns) - MOST_TURNS), unfolded)


def _messages(trajectory: Trajectory, turn: Turn, seats: int) -> Iterator[Message]:
    named = seats > 1
    if turn.observation:
        yield Message("observation", f"environment to {trajectory.agent}" if named else "environment", turn.observation)
    yield Message(
        kind="action",
        who=trajectory.agent if named else "policy",
        text=turn.text,
        reward=turn.reward,
        parts=tuple(turn.rewards.items()),
        cut=turn.stop is Stop.LENGTH,
    )


def _in_order(episode: Episode) -> Iterator[tuple[Trajectory, Turn]]:
    """The turns of all seats in the order in which they acted; seat after seat where the episode does not say."""
    waiting = {trajectory.agent: iter(trajectory.turns) for trajectory in episode.trajectories}
    seats = {trajectory.agent: trajectory for trajectory in episode.trajectories}
    for agent in episode.order:
        if agent in waiting and (turn := next(waiting[agent], None)):
            yield seats[agent], turn
    for agent, turns in waiting.items():
        for turn in turns:
            yield seats[agent], turn
