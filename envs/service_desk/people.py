"""Who the users of generated tasks are: by level, from a file of personas, or from distributions of one's own."""

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any, Final

from agentrl.envs.service_desk.domains.base import Level
from agentrl.errors import ConfigError, UserError
from agentrl.simulators.models import Disclosure, Persona
from agentrl.simulators.personas import (
    DEFAULT,
    QUIET,
    Distributions,
    PersonaSampler,
    load_personas,
    replaced,
    settled,
)

People = Sequence[Persona] | PersonaSampler
"""Personas to choose from, none of them for those of the level; or distributions."""
_SAMPLER: Final = PersonaSampler()
_PATIENCE: Final = {"tiny": 4, "easy": 8}
_SILENT: Final = ("locale", "code_switch", "expertise", "verbosity", "politeness")
"""What users do not show who have one wording of few words for everything."""


def draw_persona(people: People, level: Level, rng: random.Random, name: str) -> Persona:
    """A persona for a task of this level, of the name that the customer has ("" leaves the persona's own)."""
    named = {"display_name": name} if name else {}
    if isinstance(people, PersonaSampler):
        return people.sample(rng.getrandbits(31), **named)
    if people:
        return rng.choice(people).model_copy(update=named)
    if level == "full":
        return _SAMPLER.sample(rng.getrandbits(31), **named)
    return _plain(level, name, rng.choice(("upfront", "on_request")))


@lru_cache(maxsize=1024)
def _plain(level: Level, name: str, disclosure: Disclosure) -> Persona:
    """One of the few there are where users are plain: kept, as checking one takes as long as a reply."""
    return Persona(id=level, display_name=name, disclosure=disclosure, patience=_PATIENCE[level])


def people_of(given: Mapping[str, Any] | str | PathLike[str] | None, level: Level, *, few_words: bool) -> People:
    """What `env_args.personas` gives: a file of personas; distributions, which replace some of the level's; or nothing.

    `few_words` is whether the users have one wording for everything: what they can't show is refused.
    Raises ConfigError that names the key, and UserError for a file with wrong lines.
    """
    if given is None:
        return ()
    if isinstance(given, Mapping):
        for name in given:
            if few_words and name in _SILENT:
                raise ConfigError(f"env_args.personas.{name} {_no_effect()}")
        try:
            return PersonaSampler(replaced(_distributions(level), given, "env_args.personas."))
        except UserError as error:
            raise ConfigError(str(error)) from None
    if not isinstance(given, (str, PathLike)):
        raise ConfigError(f"env_args.personas is {given!r}; it must be a file of personas, or distributions by name")
    personas = load_personas(Path(given))
    for persona in personas if few_words else ():
        if silent := _silent_parts(persona):
            raise ConfigError(f"env_args.personas: in {given} {silent[0]} of the persona {persona.id!r} {_no_effect()}")
    return personas


def shown_in_few_words(
    given: Mapping[str, Any] | str | PathLike[str],
) -> Mapping[str, Any] | str | PathLike[str] | None:
    """What of valid `env_args.personas` is left for users with one wording for everything: None for nothing.

    Of distributions it is those that they can show; a file is left out as a whole where it has what they can't.
    """
    if isinstance(given, Mapping):
        return {name: value for name, value in given.items() if name not in _SILENT} or None
    return None if any(_silent_parts(persona) for persona in load_personas(Path(given))) else given


def _silent_parts(persona: Persona) -> list[str]:
    # What follows from traits is let be: there is more that follows from them.
    plain = settled(Persona(id="", display_name="", traits=persona.traits))
    return [name for name in _SILENT if _part(persona, name) != _part(plain, name)]


def _distributions(level: Level) -> Distributions:
    if level == "full":
        return DEFAULT
    return QUIET.model_copy(update={"patience": (_PATIENCE[level],) * 2})


def _part(persona: Persona, name: str) -> Any:
    return (persona.noise.code_switch or None) if name == "code_switch" else getattr(persona, name)


def _no_effect() -> str:
    return (
        "has no effect here: these users have one English wording of few words for everything. Leave it out, or take "
        "level=easy, level=full, or a user that a language model plays"
    )
