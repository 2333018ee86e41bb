"""Every error that agentrl raises on purpose, in two families.

`UserError`: the input is wrong. The message names the file, line or key, what is wrong and what to do;
the command line prints it without a traceback and exits with 2.

`InfrastructureError`: the machinery failed (a sandbox, an endpoint, an environment). It says nothing about the
policy, so the episode is FAILED: retried, then reported, and never scored as reward 0.
"""

import difflib
from collections.abc import Iterable


class AgentRLError(Exception):
    """The root of all errors raised on purpose."""


class UserError(AgentRLError):
    """The input is wrong; nothing was lost. Exit code 2."""


class ConfigError(UserError):
    """A configuration key or value is wrong."""


class UnknownEnvironmentError(UserError):
    """`--env` names nothing that can be played."""


class EnvironmentDefinitionError(UserError):
    """The class exists, but is no environment that agentrl can play."""


class TaskFileError(UserError):
    """A task file has broken lines."""


class ModelError(UserError):
    """A model or its tokenizer cannot be used."""


class CheckpointError(UserError):
    """A checkpoint cannot be read or written."""


class RunDirectoryError(UserError):
    """The run directory cannot be used."""


class InfrastructureError(AgentRLError):
    """The machinery failed; the policy is not to blame."""


class SandboxError(InfrastructureError):
    """The sandbox itself failed, or this machine cannot isolate programs."""


class EndpointError(InfrastructureError):
    """A language model behind an endpoint cannot be reached, or does not speak the protocol."""


class ContextError(EndpointError):
    """A conversation does not fit a language model's context, or its server refuses it as it is."""


class UnusableAnswerError(EndpointError):
    """A language model answered properly, but with nothing to use: cut at its limit, broken off, or empty."""


class EnvironmentFailure(InfrastructureError):
    """An environment raised in `reset` or `step`."""


class TooManyFailuresError(AgentRLError):
    """More episodes FAILED than the configuration allows."""


class AgentRLWarning(UserWarning):
    """Something is legal but probably not what the user wants."""


def nearest(word: str, known: Iterable[str], most: int = 3) -> str:
    """A sentence that names the nearest known words, or "" when none is near: " Did you mean 'grpo'?"."""
    close = difflib.get_close_matches(word, list(known), n=most, cutoff=0.5)
    return f" Did you mean {' or '.join(repr(match) for match in close)}?" if close else ""
