"""What training relies on beyond the standards' own checks, each found out by playing.

Every check takes a `Probe`, which plays each kind of agent once and remembers it, and returns (status, what was seen).
"""

import json
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal

import numpy as np

from agentrl.envs.play import Move, Play, action_of, is_text, play, text_of
from agentrl.envs.registry import Kind

Finding = tuple[Literal["pass", "warn", "fail"], str]
Agent = Literal["expert", "no-op", "random"]

EPISODES = 16
"""Episodes per agent, as far as `SECONDS` reach."""
SECONDS = 5.0
MAX_STEPS = 1000
"""An episode that is longer than this is taken for one that never ends."""

ODD_ACTIONS = (
    "\0",
    "\ud800 lone surrogate",
    "\x1b[31mred\x1b[0m",
    "\u202etxet tfel ot thgir",
    "\r\n\t",
    "\U0001f600" * 50,
    "```",
    "{" * 500,
)
HUGE_ACTION = "a b\n" * (1 << 18)
LONG_OBSERVATION = 20_000
"""Characters; an observation beyond this hardly fits into a context."""


class Probe:
    """One environment under test: makes instances, plays agents in them, and remembers the plays."""

    def __init__(self, make: Callable[[], Any], kind: Kind, seed: int) -> None:
        self.make, self.kind, self.seed = make, kind, seed
        self.env = make()
        self._plays: dict[Agent, list[Play] | Exception] = {}

    @property
    def text(self) -> bool:
        """Whether every seat observes and answers text."""
        if self.kind == "gymnasium":
            return is_text(self.env.observation_space) and is_text(self.env.action_space)
        env = self.env
        return all(is_text(env.observation_space(s)) and is_text(env.action_space(s)) for s in env.possible_agents)

    @property
    def has_expert(self) -> bool:
        """Whether the environment can play its own expert."""
        return callable(getattr(self.env.unwrapped, "expert", None))

    @property
    def agents(self) -> list[Agent]:
        """Who can play here: everyone draws at random, text can be left empty, and some have an expert."""
        possible: dict[Agent, bool] = {"random": True, "no-op": self.text, "expert": self.has_expert}
        return [agent for agent, can in possible.items() if can]

    @property
    def reward_range(self) -> tuple[float, float] | None:
        """The bounds of a seat's total reward in an episode, as far as the environment declares them."""
        declared = (getattr(self.env, "metadata", None) or {}).get("reward_range")
        return (float(declared[0]), float(declared[1])) if declared else None

    def episode(self, agent: Agent, seed: int, env: Any = None, split: str = "train") -> Play:
        """Let an agent play one episode, in `env` or in the probe's own instance."""
        env = self.env if env is None else env
        samplers: dict[str, Any] = {}

        def choose(seat: str, observation: Any, space: Any) -> Any:
            if agent == "expert":
                expert = env.unwrapped.expert
                return action_of(space, expert() if self.kind == "gymnasium" else expert(seat))
            if agent == "no-op":
                return action_of(space, "")
            if seat not in samplers:
                samplers[seat] = space
                space.seed(seed)
            mask = observation.get("action_mask") if isinstance(observation, Mapping) else None
            return space.sample() if mask is None else space.sample(mask=mask)

        return play(env, self.kind, seed, choose, split=split, max_steps=MAX_STEPS)

    def answer(self, text: str, seed: int) -> Play:
        """Play an episode of up to three steps: every seat says `text` first, and nothing after that."""
        spoken: set[str] = set()

        def choose(seat: str, observation: Any, space: Any) -> Any:
            first = seat not in spoken
            spoken.add(seat)
            return action_of(space, text if first else "")

        return play(self.env, self.kind, seed, choose, max_steps=3)

    def plays(self, agent: Agent) -> list[Play]:
        """Up to `EPISODES` episodes of an agent, played once. Raises what the environment raised."""
        if agent not in self._plays:
            try:
                self._plays[agent] = self._play(agent)
            except Exception as error:
                self._plays[agent] = error
        played = self._plays[agent]
        if isinstance(played, Exception):
            raise played
        return played

    def everything(self) -> list[Play]:
        """The plays of all agents that this environment can have, less those under which it raises.

        The checks of the single agents report that. Raises what the environment raised when no agent could play.
        """
        played: list[Play] = []
        errors: list[Exception] = []
        for agent in self.agents:
            try:
                played += self.plays(agent)
            except Exception as error:
                errors.append(error)
        if not played:
            raise errors[0]
        return played

    def _play(self, agent: Agent) -> list[Play]:
        began, played = time.monotonic(), [self.episode(agent, self.seed)]
        while len(played) < EPISODES and time.monotonic() - began < SECONDS:
            played.append(self.episode(agent, self.seed + len(played)))
        return played

    def close(self) -> None:
        """Close the probe's own instance."""
        self.env.close()


def checks(probe: Probe) -> Iterator[tuple[str, Callable[[Probe], Finding]]]:
    """The checks that apply, by name."""
    yield "same seed, same episode", same_seed
    yield "other seed, other episode", other_seed
    yield "held-out split", held_out_split
    yield "episodes end", episodes_end
    yield "reward", reward_bounds
    yield "step time", step_time
    if probe.text:
        yield "info", info_keys
        yield "expert", expert
        yield "no-op agent", no_op
        yield "empty action", lambda probe: _harmless(probe, [""])
        yield "huge action (1 MB)", lambda probe: _harmless(probe, [HUGE_ACTION])
        yield "odd actions", lambda probe: _harmless(probe, ODD_ACTIONS)


def same_seed(probe: Probe) -> Finding:
    """Two instances play the same episode under one seed, and so does a used instance once more."""
    agents = [agent for agent in probe.agents if agent != "no-op"]
    findings: list[Finding] = []
    for agent in agents:
        first = probe.episode(agent, probe.seed)
        other = probe.make()
        findings.append(_compare(first, probe.episode(agent, probe.seed, other), f"{agent}, two instances"))
        other.close()
        probe.episode(agent, probe.seed + 1)
        findings.append(_compare(first, probe.episode(agent, probe.seed), f"{agent}, one instance played again"))
    worst = [found for level in ("fail", "warn") for found in findings if found[0] == level]
    return worst[0] if worst else ("pass", f"{' and '.join(agents)} play the same again")


def other_seed(probe: Probe) -> Finding:
    """Different seeds give different episodes."""
    agent: Agent = "expert" if probe.has_expert else "random"
    seen: list[Any] = []
    for index in range(8):
        one = probe.episode(agent, probe.seed + index)
        what = [one.start, [(move.observation, move.reward) for move in one.moves], one.final]
        if not any(_same(what, before) for before in seen):
            seen.append(what)
    if len(seen) == 1:
        return "warn", "8 seeds gave one and the same episode: there is nothing to generalise to"
    return "pass", f"{len(seen)} different episodes from 8 seeds"


def held_out_split(probe: Probe) -> Finding:
    """`reset(options={"split": "test"})` is accepted."""
    probe.episode("random", (1 << 31) + probe.seed, split="test")
    return "pass", "reset takes options={'split': 'test'}"


def episodes_end(probe: Probe) -> Finding:
    """Every episode comes to an end."""
    played = probe.everything()
    endless = [one for one in played if not one.ended]
    lengths = [len(one.seconds) for one in played]
    if endless:
        return "fail", f"{len(endless)} of {len(played)} episodes had not ended after {MAX_STEPS} steps"
    return "pass", f"{min(lengths)} to {max(lengths)} steps in {len(played)} episodes"


def reward_bounds(probe: Probe) -> Finding:
    """Rewards are finite, add up from their parts, and stay within what the environment declares."""
    played = probe.everything()
    for one in played:
        for index, move in enumerate(one.moves):
            problem = _reward_problem(move)
            if problem:
                return "fail", f"seed {one.seed}, move {index + 1}: {problem}"
    totals = [total for one in played for total in one.totals.values()]
    seen = f"totals from {min(totals):.3g} to {max(totals):.3g}"
    declared = probe.reward_range
    if declared is None:
        return "pass", f"{seen}; metadata['reward_range'] declares no bounds"
    low, high = declared
    slack = 1e-6 * max(1.0, abs(low), abs(high))
    if min(totals) < low - slack or max(totals) > high + slack:
        return "fail", f"{seen}, outside the declared {low:.3g} to {high:.3g}"
    return "pass", f"{seen}, within the declared {low:.3g} to {high:.3g}"


def step_time(probe: Probe) -> Finding:
    """How long a call of `step` takes."""
    seconds = sorted(duration for one in probe.everything() for duration in one.seconds)
    median, p95 = statistics.median(seconds), seconds[int(0.95 * (len(seconds) - 1))]
    seen = f"median {1000 * median:.3g} ms, 95 % below {1000 * p95:.3g} ms"
    return ("warn", f"{seen}: training will wait for it") if p95 > 1 else ("pass", seen)


def info_keys(probe: Probe) -> Finding:
    """`task_id` at the reset, `success` at the end, and all of it plain enough for JSON."""
    for one in probe.everything():
        for info in [one.start, *(move.info for move in one.moves)]:
            for key, value in info.items():
                try:
                    json.dumps({key: value})
                except (TypeError, ValueError) as error:
                    return "fail", f"info[{key!r}] cannot be written as JSON: {error}"
    one = probe.everything()[0]
    missing = [] if _mentions(one.start, "task_id") else ["task_id at the reset"]
    missing += [] if one.success is not None or not one.ended else ["success at the end (now: a positive reward)"]
    return ("warn", f"info lacks {' and '.join(missing)}") if missing else ("pass", "task_id and success are there")


def expert(probe: Probe) -> Finding:
    """The scripted expert shows that the tasks can be solved."""
    if not probe.has_expert:
        return "warn", "there is no expert(): no cold start from it, and no proof that the tasks can be solved"
    score, rate = _score(probe.plays("expert"))
    seen = f"score {score:.3g}, success {rate:.0%} of {len(probe.plays('expert'))}"
    return ("warn", f"{seen}: an expert should nearly always succeed") if rate < 0.9 else ("pass", seen)


def no_op(probe: Probe) -> Finding:
    """Saying nothing earns nothing."""
    score, rate = _score(probe.plays("no-op"))
    low, high = probe.reward_range or _observed_range(probe)
    share = (score - low) / (high - low) if high > low else 0.0
    seen = f"score {score:.3g}, success {rate:.0%}"
    return ("warn", f"{seen}: it should earn next to nothing") if share > 0.05 or rate > 0 else ("pass", seen)


def _harmless(probe: Probe, actions: Any) -> Finding:
    """No action makes the environment raise or show text that cannot be stored."""
    slowest, longest = 0.0, 0
    for action in actions:
        one = probe.answer(action, probe.seed)
        for observation in [*(move.observation for move in one.moves), *one.final.values()]:
            shown = text_of(observation)
            longest = max(longest, len(shown))
            try:
                shown.encode("utf-8")
            except UnicodeEncodeError as error:
                return "fail", f"the observation after {action[:20]!a} cannot be stored as UTF-8: {error.reason}"
        slowest = max([slowest, *one.seconds])
    if slowest > 10:
        return "warn", f"took {slowest:.0f} s"
    if longest > LONG_OBSERVATION:
        return "warn", f"showed an observation of {longest} characters; shorten what you echo"
    return "pass", f"no exception, {1000 * slowest:.3g} ms at most"


def _compare(first: Play, second: Play, how: str) -> Finding:
    if not _same(first.start, second.start):
        return "warn", f"{how}: the reset's info differs under the same seed{_which(first.start, second.start)}"
    for index, (one, two) in enumerate(zip(first.moves, second.moves, strict=False), start=1):
        for name in ("observation", "action", "reward"):
            before, after = getattr(one, name), getattr(two, name)
            if not _same(before, after):
                return "fail", f"{how}: the {name} of move {index} differs: {_short(before)} and {_short(after)}"
    if len(first.moves) != len(second.moves) or not _same(first.final, second.final):
        return "fail", f"{how}: the episode ends differently under the same seed"
    for index, (one, two) in enumerate(zip(first.moves, second.moves, strict=True), start=1):
        if not _same(one.info, two.info):
            return "warn", f"{how}: the info of move {index} differs{_which(one.info, two.info)}"
    return "pass", ""


def _which(first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    keys = [str(key) for key in {**first, **second} if not _same(first.get(key), second.get(key))]
    return f" in {', '.join(sorted(keys))}"


def _same(first: Any, second: Any) -> bool:
    """Equality through containers and arrays, in which NaN equals NaN."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return first.keys() == second.keys() and all(_same(first[key], second[key]) for key in first)
    if isinstance(first, (list, tuple)) and isinstance(second, (list, tuple)):
        return len(first) == len(second) and all(map(_same, first, second))
    if isinstance(first, np.ndarray) or isinstance(second, np.ndarray):
        one, two = np.asarray(first), np.asarray(second)
        return bool(np.array_equal(one, two, equal_nan=one.dtype.kind == two.dtype.kind == "f"))
    return bool(first == second) or (first != first and second != second)


def _short(value: Any) -> str:
    shown = ascii(text_of(value)) if isinstance(value, (str, Mapping)) else repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "..."


def _reward_problem(move: Move) -> str:
    if not math.isfinite(move.reward):
        return f"the reward is {move.reward}"
    parts = move.info.get("rewards")
    if parts and not math.isclose(sum(parts.values()), move.reward, rel_tol=1e-6, abs_tol=1e-6):
        return f"info['rewards'] adds up to {sum(parts.values()):.6g}, but the reward is {move.reward:.6g}"
    return ""


def _score(played: list[Play]) -> tuple[float, float]:
    """Mean score, and the share of successes; where the environment does not say, a positive score is one."""
    successes = [one.score > 0 if one.success is None else one.success for one in played]
    return statistics.fmean(one.score for one in played), statistics.fmean(map(float, successes))


def _observed_range(probe: Probe) -> tuple[float, float]:
    scores = [one.score for one in probe.everything()]
    return min(scores), max(scores)


def _mentions(start: Mapping[str, Any], key: str) -> bool:
    """Whether the reset's info says `key`, of the episode or of every seat."""
    return key in start or (bool(start) and all(isinstance(info, Mapping) and key in info for info in start.values()))
