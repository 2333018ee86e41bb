"""Episodes that FAILED: how many a run bears, and what it says about them."""

from collections import Counter, deque
from collections.abc import Sequence

from agentrl.episode import Episode
from agentrl.errors import TooManyFailuresError

MOST_REASONS = 5
_LONGEST_REASON = 500


def failures(episodes: Sequence[Episode]) -> list[str]:
    """Why episodes FAILED: one reason, in one line, for each that did."""
    return [" ".join(episode.failure.split())[:_LONGEST_REASON] for episode in episodes if episode.failed]


def reasons(failed: Sequence[str]) -> list[str]:
    """The different reasons among `failures` with how often each was given: the most frequent ones, then a count."""
    counted = Counter(failed).most_common()
    told = [f"{count} FAILED: {reason}" for reason, count in counted[:MOST_REASONS]]
    rest = counted[MOST_REASONS:]
    return told + ([f"{sum(n for _, n in rest)} FAILED for {len(rest)} other reasons"] if rest else [])


def tell_failures(episodes: Sequence[Episode]) -> str:
    """ "3 of 32 episodes FAILED and are left out; the first: no network", or "" when none did."""
    failed = failures(episodes)
    if not failed:
        return ""
    return f"{len(failed)} of {len(episodes)} episodes FAILED and are left out; the first: {failed[0]}"


def check_failures(episodes: Sequence[Episode], most: float, what: str, advice: str = "") -> None:
    """Raise TooManyFailuresError when more than the share `most` of the episodes FAILED, or all of them.

    `what` names the episodes ("episodes of this step"); `advice` ends the message.
    """
    failed = [episode for episode in episodes if episode.failed]
    if failed and (len(failed) > most * len(episodes) or len(failed) == len(episodes)):
        raise TooManyFailuresError(
            f"{len(failed)} of {len(episodes)} {what} FAILED in spite of retries, more than "
            f"max_failed_share={most:g}. The first: {failed[0].failure}" + (f" {advice}" if advice else "")
        )


class FailureLimit:
    """Called with each episode as it ends, raises TooManyFailuresError as soon as more than the share `most` of any
    `window` episodes in a row FAILED, or all of them: a dead endpoint is not asked thousands of times."""

    def __init__(self, most: float, window: int) -> None:
        self._most, self._window = most, window
        self._last: deque[str] = deque(maxlen=window)
        """Why the last ones FAILED; "" for those that did not."""

    def __call__(self, episode: Episode) -> None:
        """Counts it."""
        self._last.append((episode.failure or "no reason given") if episode.failed else "")
        if not episode.failed:
            return
        failed = [reason for reason in self._last if reason]
        if len(failed) > self._most * self._window or len(failed) == self._window:
            raise TooManyFailuresError(
                f"{len(failed)} of the last {len(self._last)} episodes FAILED in spite of retries "
                f"(max_failed_share={self._most:g}). The first: {failed[0]}"
            )
