"""The embedded engine: continuous batching in this process, over the learner's own unmodified model.

Invariants: a row of the slab belongs to one session, from its first request to `release`, or until all rows are taken
and another session needs it; rows 0..active-1 are those with a request in flight; a row's keys and values are those of
`ids[row, :filled[row]]`. What a session has in common with any other row (the system prompt, a group's task) is
copied, not computed again.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from agentrl.engines.base import Generation, Sampling
from agentrl.engines.slab import Segment, Slab
from agentrl.episode import Stop
from agentrl.policies.attention import attention_layout
from agentrl.policies.language import LanguagePolicy

_SHARE_AT_LEAST = 16
"""Tokens in common below which copying a neighbour's keys and values is not worth it."""
_MIN_BATCH = 16
"""Batches are filled up to this size: below it, matrix kernels change with the size, and with them the last bits."""

_PAUSE = 0.001
"""Seconds between looks at the queue while a burst of requests arrives."""


@dataclass(slots=True)
class _Request:
    prompt: np.ndarray
    sampling: Sampling
    session: str
    answer: "asyncio.Future[Generation]"
    uniforms: np.ndarray
    version: int = 0


class EmbeddedEngine:
    """Generates with the learner's model itself, so new weights are there at once and log-probs agree exactly."""

    exact = True

    def __init__(self, policy: LanguagePolicy, *, slots: int, max_context: int) -> None:
        self.policy = policy
        self.max_context = min(max_context, policy.max_context)
        self.policy_version = 0
        self.forwards = self.fed_tokens = self.sampled_tokens = 0
        self._slots = slots
        self._slab = Slab(policy.model, slots, self.max_context)
        self._ids = np.full((slots, self.max_context), -1, dtype=np.int64)
        self._logprobs = np.zeros((slots, self.max_context), dtype=np.float32)
        self._filled = np.zeros(slots, dtype=np.int64)
        self._length = np.zeros(slots, dtype=np.int64)
        self._owner: list[str | None] = [None] * slots
        self._row_of: dict[str, int] = {}
        self._running: list[_Request | None] = [None] * slots
        self._active = 0
        self._queue: deque[_Request] = deque()
        self._driver: asyncio.Task[None] | None = None
        self._stop_ids = np.array(policy.chat.stop_ids)

    async def generate(self, prompt: Sequence[int], sampling: Sampling, *, session: str) -> Generation:
        """Sample an action after `prompt`.

        Raises ValueError when the prompt leaves no room in the context.
        """
        if not 0 < len(prompt) < self.max_context:
            raise ValueError(f"a prompt of {len(prompt)} tokens does not fit a context of {self.max_context}")
        loop = asyncio.get_running_loop()
        room = min(sampling.max_new_tokens, self.max_context - len(prompt))
        uniforms = np.random.Generator(np.random.Philox(sampling.seed)).random(room)
        request = _Request(np.asarray(prompt), sampling, session, loop.create_future(), uniforms, self.policy_version)
        self._queue.append(request)
        if self._driver is None or self._driver.done():
            self._driver = loop.create_task(self._drive())
        return await request.answer

    def release(self, session: str) -> None:
        """Give a session's row back. Its ids stay until the row is taken: others may still share its prefix."""
        row = self._row_of.pop(session, None)
        if row is not None:
            self._owner[row] = None

    def load_weights(self) -> None:
        """The weights are shared, so only what was computed with the old ones is forgotten."""
        self.policy_version += 1
        self._filled[:] = 0

    async def _drive(self) -> None:
        """Step until nothing is left to do; between steps the episodes get their turn."""
        while self._queue or self._active:
            began = time.perf_counter()
            try:
                self.step()
            except Exception as error:
                self._fail(error)
            await self._let_episodes_act(time.perf_counter() - began)

    async def _let_episodes_act(self, patience: float) -> None:
        """Give the loop to the episodes, and wait for those that are about to come back with the next request.

        Episodes whose turns end together come back in a burst, and one batch is cheaper than many small ones. So wait
        while requests keep arriving, at most as long as a step takes: never for a slow environment.
        """
        await asyncio.sleep(0)
        deadline = time.perf_counter() + patience
        while len(self._row_of) > self._active + len(self._queue) and time.perf_counter() < deadline:
            waiting = len(self._queue)
            await asyncio.sleep(_PAUSE)
            if len(self._queue) == waiting:
                return

    def _fail(self, error: Exception) -> None:
        """Hand an error to everybody who waits, and start from a clean slate."""
        waiting = [request for request in (*self._running[: self._active], *self._queue) if request is not None]
        self._queue.clear()
        self._running = [None] * self._slots
        self._active = 0
        self._filled[:] = 0
        for request in waiting:
            if not request.answer.done():
                request.answer.set_exception(error)

    @torch.inference_mode()
    def step(self) -> None:
        """One forward pass: a token for each running request, and the prompts of newly admitted ones."""
        self._drop_cancelled()
        segments = self._admit()
        if not self._active:
            return
        decode = self._active - len(segments)
        hidden = self._forward(decode, segments)
        ends = list(itertools.accumulate((s.length for s in segments), initial=decode - 1))[1:]
        last = [*range(decode), *ends]
        rows = torch.tensor(last + [0] * max(0, _MIN_BATCH - len(last)))
        self._filled[: self._active] = self._length[: self._active]
        self._append(*self._sample(self.policy.logits(hidden[rows])[: len(last)]))

    def _drop_cancelled(self) -> None:
        """Give up requests that nobody waits for any more."""
        for row in reversed(range(self._active)):
            request = self._running[row]
            if request is not None and request.answer.done():
                self._vacate(row)
        self._queue = deque(request for request in self._queue if not request.answer.done())

    def _forward(self, decode: int, segments: Sequence[Segment]) -> Tensor:
        lengths = self._filled[:decode]
        parts = [self._ids[np.arange(decode), lengths]]
        positions = [lengths]
        for segment in segments:
            span = np.arange(segment.start, segment.start + segment.length)
            parts.append(self._ids[segment.row, span])
            positions.append(span)
        ids, places = np.concatenate(parts), np.concatenate(positions)
        padding = max(0, _MIN_BATCH - len(ids))
        ids, places = np.pad(ids, (0, padding)), np.pad(places, (0, padding))
        self.forwards += 1
        self.fed_tokens += len(ids) - padding
        device = self.policy.device
        self._slab.plan(torch.from_numpy(lengths.copy()).to(device), segments, padding)
        with attention_layout(self._slab):
            return self.policy.hidden(torch.from_numpy(ids).to(device), torch.from_numpy(places).to(device))

    def _sample(self, logits: Tensor) -> tuple[np.ndarray, np.ndarray]:
        """Invert the cumulative distribution at each request's own uniform: (A, V) to ids and log-probs (A,)."""
        running = [request for request in self._running[: self._active] if request is not None]
        temperature = torch.tensor([request.sampling.temperature for request in running], device=logits.device)
        greedy = temperature == 0
        logs = torch.log_softmax(logits / torch.where(greedy, 1.0, temperature)[:, None], -1)
        if any(request.sampling.top_p < 1 for request in running):
            top_p = torch.tensor([request.sampling.top_p for request in running], device=logits.device)
            logs = _nucleus(logs, top_p)
        drawn = self._length[: self._active] - [len(request.prompt) for request in running]
        uniform = np.array([request.uniforms[i] for request, i in zip(running, drawn, strict=True)], dtype=np.float32)
        cumulative = logs.exp().cumsum(-1)
        point = torch.from_numpy(uniform).to(logits.device)[:, None] * cumulative[:, -1:]
        ids = torch.searchsorted(cumulative, point, right=True).clamp_max_(logits.shape[-1] - 1).squeeze(-1)
        ids = torch.where(greedy, logs.argmax(-1), ids)
        return ids.cpu().numpy(), logs.gather(-1, ids[:, None]).squeeze(-1).cpu().numpy()

    def _append(self, ids: np.ndarray, logprobs: np.ndarray) -> None:
        rows = np.arange(self._active)
        self._ids[rows, self._length[: self._active]] = ids
        self._logprobs[rows, self._length[: self._active]] = logprobs
        self._length[: self._active] += 1
        self.sampled_tokens += self._active
        stopped = np.isin(ids, self._stop_ids)
        limits = [len(r.prompt) + len(r.uniforms) for r in self._running[: self._active] if r is not None]
        done = stopped | (self._length[: self._active] >= limits)
        for row in np.flatnonzero(done)[::-1]:
            self._finish(int(row), Stop.EOS if stopped[row] else Stop.LENGTH)

    def _finish(self, row: int, stop: Stop) -> None:
        request = self._running[row]
        assert request is not None
        span = slice(len(request.prompt), self._length[row])
        ids, logprobs = tuple(self._ids[row, span].tolist()), tuple(self._logprobs[row, span].tolist())
        self._vacate(row)
        if not request.answer.done():
            request.answer.set_result(Generation(ids, logprobs, stop, request.version))

    def _vacate(self, row: int) -> None:
        """Take a row out of the running ones; its session keeps it."""
        self._running[row] = None
        self._active -= 1
        self._exchange(row, self._active)

    def _admit(self) -> list[Segment]:
        """Move queued requests into rows; returns the prompts to run, in the order of their rows.

        A request whose prompt largely equals one admitted in this very step waits for the next, and copies.
        """
        segments: list[Segment] = []
        fresh: list[np.ndarray] = []
        waiting: deque[_Request] = deque()
        full = False
        while self._queue:
            request = self._queue.popleft()
            row = None if full and request.session not in self._row_of else self._row_for(request)
            if row is None:
                waiting.append(request)
                full = True
                continue
            start, source = self._reusable(request.prompt, row)
            if any(_common(request.prompt, other) >= start + _SHARE_AT_LEAST for other in fresh):
                waiting.append(request)
                continue
            if source != row:
                self._slab.copy(source, row, start)
            row = self._occupy(row, request, start)
            fresh.append(request.prompt)
            segments.append(Segment(row, start, len(request.prompt) - start))
        self._queue = waiting
        return segments

    def _row_for(self, request: _Request) -> int | None:
        """The session's row, or one that nobody owns, or one whose owner has no request in flight.

        That owner finds its keys and values overwritten and computes them again: slower, but several seats can share
        fewer rows without waiting for each other for ever. None when all rows are active.
        """
        row = self._row_of.get(request.session)
        if row is not None:
            return row
        idle = range(self._active, self._slots)
        free = [row for row in idle if self._owner[row] is None]
        if not free:
            queued = {other.session for other in self._queue}
            free = [row for row in idle if self._owner[row] not in queued]
        return min(free, key=lambda row: self._filled[row], default=None)

    def _reusable(self, prompt: np.ndarray, row: int) -> tuple[int, int]:
        """How many tokens of the prompt some row holds already, and which.

        The last two are always fed: one is needed for its logits, and a product with a single row takes another
        kernel, whose last bits would then depend on what was shared.
        """
        most = max(0, len(prompt) - 2)
        known = np.arange(most)[None] < self._filled[:, None]
        same = (self._ids[:, :most] == prompt[None, :most]) & known
        common = np.where(same.all(1), most, same.argmin(1)) if most else np.zeros(self._slots, dtype=np.int64)
        best = int(common.argmax())
        if best == row or common[best] < common[row] + _SHARE_AT_LEAST:
            return int(common[row]), row
        return int(common[best]), best

    def _occupy(self, row: int, request: _Request, start: int) -> int:
        """Give a row to a request and move it to the end of the active ones; returns its new place."""
        size = len(request.prompt)
        self._ids[row, :size] = request.prompt
        self._filled[row], self._length[row] = start, size
        owner = self._owner[row]
        if owner != request.session:
            if owner is not None:
                del self._row_of[owner]
            self._owner[row] = request.session
            self._row_of[request.session] = row
        place = self._active
        self._exchange(row, place)
        self._running[place] = request
        self._active += 1
        return place

    def _exchange(self, left: int, right: int) -> None:
        """Swap two rows with all that belongs to them."""
        if left == right:
            return
        self._slab.swap(left, right, int(max(self._filled[left], self._filled[right])))
        pair, swapped = [left, right], [right, left]
        for array in (self._ids, self._logprobs, self._filled, self._length):
            array[pair] = array[swapped]
        owner, running = self._owner, self._running
        owner[left], owner[right] = owner[right], owner[left]
        running[left], running[right] = running[right], running[left]
        for row in pair:
            session = self._owner[row]
            if session is not None:
                self._row_of[session] = row


def _common(left: np.ndarray, right: np.ndarray) -> int:
    """The length of the common prefix of two id arrays."""
    size = min(len(left), len(right))
    differs = np.flatnonzero(left[:size] != right[:size])
    return int(differs[0]) if len(differs) else size


def _nucleus(logs: Tensor, top_p: Tensor) -> Tensor:
    """Log-probs (A, V) restricted to the smallest set of ids whose mass reaches `top_p` (A,), and renormalised."""
    ordered, order = logs.sort(-1, descending=True)
    before = ordered.exp().cumsum(-1) - ordered.exp()
    outside = (before >= top_p[:, None]).scatter(-1, order, before >= top_p[:, None])
    return torch.log_softmax(logs.masked_fill(outside, float("-inf")), -1)
