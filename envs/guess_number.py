"""`guess_number`: find a hidden number in a few guesses; the smallest environment that needs several turns."""

import re
from typing import Any

from agentrl.envs.base import TextEnv, split_of


class GuessNumberEnv(TextEnv):
    """Guess a number between 1 and `highest`; after each guess the environment says "higher" or "lower".

    The reward is 1 for finding it, less 0.5 times the share of the guesses that were used; an answer without a number
    uses up a guess. Training and held-out episodes share the numbers, which are all there is, but not the seeds.
    """

    metadata = {"render_modes": [], "reward_range": (0.0, 1.0)}  # noqa: RUF012
    system_prompt = "Guess the number."

    def __init__(self, highest: int = 15, max_turns: int = 5) -> None:
        if highest < 2 or max_turns < 1:
            raise ValueError(f"highest={highest} must be at least 2 and max_turns={max_turns} at least 1")
        super().__init__()
        self.highest, self.max_turns = highest, max_turns

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[str, dict[str, Any]]:
        """Draw a number; the observation names the range."""
        super().reset(seed=seed)
        split_of(options)
        self._target = int(self.np_random.integers(1, self.highest + 1))
        self._low, self._high, self._turn = 1, self.highest, 0
        return f"1 to {self.highest}", {"task_id": f"{self.highest}-{self._target}", "category": f"1-{self.highest}"}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Judge a guess: the first whole number in the text."""
        self._turn += 1
        found = re.search(r"\d{1,9}", action)
        guess = int(found.group()) if found else None
        success = guess == self._target
        over = success or self._turn == self.max_turns
        rewards = {"found": float(success), "turns": -0.5 * self._turn / self.max_turns if success else 0.0}
        info: dict[str, Any] = {"rewards": rewards, **({"success": success} if over else {})}
        return self._answer(guess), sum(rewards.values()), over, False, info

    def expert(self) -> str:
        """Bisect what is left."""
        return str((self._low + self._high) // 2)

    def _answer(self, guess: int | None) -> str:
        if guess is None:
            return "say a number"
        if guess == self._target:
            return "right"
        if guess < self._target:
            self._low = max(self._low, guess + 1)
            return "higher"
        self._high = min(self._high, guess - 1)
        return "lower"
