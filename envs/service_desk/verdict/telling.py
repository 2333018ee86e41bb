"""What the agent was shown, and what of it the user was told in so many words."""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import combinations
from typing import Final

from agentrl.envs.service_desk.verdict.hearing import Fact, fact_of, facts_in, spellings, tells

_CLAUSES: Final = re.compile(r"[;!?；！？。\n]|\.(?=\s|$)|,(?=\s(?:so|but|because|since)\b)|，(?=所以|但|因为)")
"""What stands behind them adds to what was said, and is no choice beside it, as in a list."""


class Telling:
    """The facts that a user waits for. One is told by a message if a tool has shown it before, or the policy states
    it, and the message names no other fact of its kind before, or beside it: a list of all amounts tells none, and
    "It arrives on May 4. You can return it until June 3." tells the first.

    Others that are about the same task may stand beside it: the goal's, those of its records, and sums of amounts.
    """

    def __init__(
        self,
        awaited: Iterable[str],
        asked: Iterable[str],
        own: Iterable[str],
        policy: str,
        words: tuple[str, ...],
    ) -> None:
        """Arguments: all values that are waited for, those of them that answer questions, what else the task is about,
        and the words of which a question has one for an answer."""
        self.told: set[str] = set()
        self.misled = False
        """Whether a user who asked was told something else of that kind that nobody had said."""
        self._words = words
        self._awaited = {value: spellings(fact_of(value, words)) for value in awaited}
        self._kinds = {kind for facts in self._awaited.values() for kind, _ in facts}
        self._asked = {fact_of(value, words)[0] for value in asked}
        self._own = {fact for facts in self._awaited.values() for fact in facts}
        for fact in facts_in("\n".join(own), self._kinds, words):
            self._own |= spellings(fact)
        if "money" in self._kinds:
            self._own |= _sums(self._own)
        # The policy's words are about all records, and no answer.
        self._shown = set(_stated(policy, frozenset(self._kinds - {"word"})))
        self._own |= self._shown
        self._heard: set[Fact] = set()
        self._shown_texts: set[str] = set()

    def show(self, text: str) -> None:
        """Takes in what a tool gave."""
        for fact in facts_in(text, self._kinds, self._words):
            self._shown |= spellings(fact)
        if "text" in self._kinds:
            self._shown_texts |= {value for value in self._awaited if tells(text, value)}

    def hear(self, text: str) -> None:
        """Takes in what the user said: repeating it is no invention."""
        for fact in facts_in(text, self._asked, self._words):
            self._heard |= spellings(fact)

    def say(self, message: str) -> None:
        """Takes in a message of the agent. Where it names others, what it names first of a kind is what it tells."""
        self.told |= {text for text in self._shown_texts - self.told if tells(message, text)}
        all_facts = facts_in(message, self._kinds, self._words)
        known = all_facts <= self._own
        unclear: set[str] = set()
        clear: set[str] = set()
        for clause in (message,) if known else _CLAUSES.split(message):
            facts = all_facts if known else facts_in(clause, self._kinds, self._words)
            others = facts - self._own
            unclear |= {kind for kind, _ in others}
            for value, names in self._awaited.items():
                kind = next(iter(names))[0]
                if kind not in unclear and not names.isdisjoint(facts) and not names.isdisjoint(self._shown):
                    self.told.add(value)
                    clear.add(kind)
            if self._asked & {kind for kind, _ in others - self._shown - self._heard} - clear:
                self.misled = True


@lru_cache(maxsize=64)
def _stated(policy: str, kinds: frozenset[str]) -> frozenset[Fact]:
    """What a policy states, which is the same in every dialogue."""
    return frozenset(fact for one in facts_in(policy, kinds) for fact in spellings(one))


def _sums(facts: Iterable[Fact]) -> set[Fact]:
    """What the amounts among the facts make together, and how they differ, in pairs."""
    amounts = [int(value) for kind, value in facts if kind == "money" and value.isdecimal()]
    pairs = combinations(amounts, 2)
    return {("money", str(number)) for a, b in pairs for number in (a + b, abs(a - b))}
