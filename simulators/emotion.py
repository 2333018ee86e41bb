"""How annoyed a user is, and how that shows."""

from typing import Literal

from agentrl.simulators.models import EmotionSpec, Persona

Style = Literal["polite", "neutral", "brief", "curt", "angry"]

APOLOGY = 2.0
"""An apology calms as much as this many good turns; only the first one does."""
CURT, ANGRY = 0.45, 0.75


class Mood:
    """Annoyance in [0, 1] over one dialogue."""

    def __init__(self, spec: EmotionSpec) -> None:
        self.spec = spec
        self.level = spec.start
        self._consoled = False

    def after_turn(self, *, progress: bool, asked_again: bool = False, apologised: bool = False) -> None:
        """Annoyance rises by `gain` for a turn that brought nothing, and once more for a question asked again."""
        change = -self.spec.decay if progress else self.spec.gain
        if asked_again:
            change += self.spec.gain
        if apologised and not self._consoled and not asked_again:
            change -= APOLOGY * self.spec.decay
            self._consoled = True
        self.shift(change)

    def shift(self, change: float) -> None:
        """Adds to the annoyance, within [0, 1]."""
        self.level = min(1.0, max(0.0, self.level + change))

    @property
    def complains(self) -> bool:
        """Whether the user says that they are annoyed."""
        return self.level > self.spec.complain_above


def style_of(persona: Persona, annoyance: float, draw: float) -> Style:
    """How a persona words a sentence when it is this annoyed; `draw` in [0, 1) decides between the likely styles."""
    annoyance -= 0.15 * (persona.politeness - 0.5)  # polite people keep it up for longer
    if annoyance >= ANGRY:
        return "angry" if draw < 0.8 else "curt"
    if annoyance >= CURT:
        return "curt" if draw < 0.8 else "brief"
    terse = max(0.0, 0.5 - persona.verbosity)  # 0 to 0.5
    if draw < 1.6 * terse:
        return "brief"
    if persona.politeness > 0.6:
        return "polite" if draw < 1 - 0.5 * (1 - persona.politeness) else "neutral"
    if persona.politeness < 0.35:
        return "curt" if draw > 0.6 else "neutral"
    return "neutral"
