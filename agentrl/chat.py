"""Conversations as token ids: what is appended to the exact ids so far when an observation arrives.

The policy's own ids are never tokenised again. A follow-up observation is rendered behind a dummy assistant message,
and what the template adds after that message is appended to the ids so far. Where a template rewrites the past (it
strips earlier thoughts, say), the whole conversation is rendered anew and the longest common prefix is kept: a fork.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import jinja2

from agentrl.episode import Episode, Stop, Trajectory, Turn
from agentrl.errors import ModelError

Message = dict[str, str]

_PROBE = "<think>\nt\n</think>\n\na"
_ANSWER = "qzx"
"""An assistant message that no template's own words contain."""

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


class Tokenizer(Protocol):
    """The part of a Hugging Face tokenizer that conversations need."""

    chat_template: Any
    eos_token_id: int | None
    added_tokens_decoder: dict[int, Any]

    def apply_chat_template(self, conversation: Sequence[Message], **kwargs: Any) -> Any: ...
    def encode(self, text: str, **kwargs: Any) -> list[int]: ...
    def decode(self, token_ids: Sequence[int], **kwargs: Any) -> str: ...


@dataclass(frozen=True, slots=True)
class Delta:
    """How a context grows: keep its first `keep` ids, then append `ids`."""

    keep: int
    ids: tuple[int, ...]


class ChatFormat:
    """Turns system prompts, observations and scripted actions into ids, in the way of a tokenizer's chat template.

    `stop_ids` end an action; the first of them is written behind scripted actions and behind actions that were cut.
    Raises ModelError when the tokenizer has no chat template or no end-of-turn token.
    """

    def __init__(self, tokenizer: Tokenizer, stop_ids: Sequence[int] = ()) -> None:
        if not tokenizer.chat_template:
            raise ModelError(
                "the tokenizer has no chat template, so observations cannot be shown to the model. "
                "Set template=chatml (its markers are added to the vocabulary if missing), or give the path of a "
                "Jinja file: template=PATH. (For eval and generate: --template chatml.)"
            )
        self.tokenizer = tokenizer
        self._marks = tuple(token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
        self.append_only = self._appends_only()
        end = [tokenizer.eos_token_id] if tokenizer.eos_token_id is not None else []
        self.stop_ids = tuple(dict.fromkeys([*self._turn_end(), *end, *stop_ids]))
        if not self.stop_ids:
            raise ModelError(
                "the tokenizer names no end-of-turn token (eos_token is empty), so the model could never stop. "
                'Set "eos_token" in its tokenizer_config.json to the token that ends an assistant message.'
            )

    def start(self, system: str, observation: str) -> tuple[int, ...]:
        """The ids of the first prompt: system message (if any), observation, and the mark where the agent answers."""
        return self._encode(self._render([*_system(system), self._user(observation)], prompt=True))

    def conversation(self, messages: Sequence[Mapping[str, str]]) -> tuple[int, ...]:
        """The ids of a whole conversation of texts, and the mark where the assistant answers."""
        safe = [self._user(one["content"]) if one["role"] == "user" else dict(one) for one in messages]
        return self._encode(self._render(safe, prompt=True))

    def follow(self, context: Sequence[int], stopped: bool, history: Sequence[Message], observation: str) -> Delta:
        """What an observation adds to `context`, the exact ids up to and including the last action.

        `stopped` tells whether that action ends with a stop id; `history` holds the conversation so far as messages,
        and is used only where the template rewrites the past.
        """
        message = self._user(observation)
        if not self.append_only:
            said = [self._user(old["content"]) if old["role"] == "user" else old for old in history]
            ids = self._encode(self._render([*said, message], prompt=True))
            return _common_prefix(context, ids)
        ids = self._encode(self._suffix([message]))
        if not stopped:
            ids = (self.stop_ids[0], *ids)
        elif ids and ids[0] == context[-1]:
            ids = ids[1:]  # templates without a terminator: the next role's mark is what ended the action
        return Delta(len(context), ids)

    def action(self, text: str) -> tuple[int, ...]:
        """The ids of a scripted action, its end-of-turn token included."""
        return (*self._encode(text), self.stop_ids[0])

    def text(self, action: Sequence[int]) -> str:
        """What the agent said: the action decoded, without its end-of-turn token."""
        ids = action[:-1] if action and action[-1] in self.stop_ids else action
        return self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)

    def _user(self, observation: str) -> Message:
        """An observation as a message. What would read as a mark of the template in it is broken by a space.

        Otherwise the output of a program could end its message and speak as the system or as the agent.
        """
        for mark in self._marks:
            observation = observation.replace(mark, f"{mark[0]} {mark[1:]}")
        return {"role": "user", "content": observation}

    def _encode(self, text: str) -> tuple[int, ...]:
        whole = text.encode("utf-8", "replace").decode("utf-8")  # no tokenizer takes lone surrogates
        return tuple(self.tokenizer.encode(whole, add_special_tokens=False))

    def _render(self, messages: Sequence[Message], *, prompt: bool) -> str:
        try:
            return str(self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=prompt))
        except jinja2.TemplateError as error:
            raise ModelError(
                f"its chat template cannot render a conversation: {error}. Give another one: template=chatml, or a file"
            ) from error

    def _suffix(self, messages: Sequence[Message]) -> str:
        """What the template writes after an assistant message's end-of-turn token when `messages` follow."""
        before = [{"role": "user", "content": "u"}, {"role": "assistant", "content": _ANSWER}]
        base = self._render(before, prompt=False)
        tail = base[base.rindex(_ANSWER) + len(_ANSWER) :]
        text = self._render([*before, *messages], prompt=True)[len(base) - len(tail) :]
        end = self._end_text(tail)
        return text[len(end) :]

    def _end_text(self, tail: str) -> str:
        """The terminator at the beginning of `tail`: its first token, if that is a special one."""
        stripped = tail.lstrip("\n")
        ids = self._encode(stripped)
        if not ids:
            return ""
        first = self.tokenizer.decode(ids[:1])
        lead = tail[: len(tail) - len(stripped)]
        return lead + first if stripped.startswith(first) and first in self._marks else ""

    def _turn_end(self) -> list[int]:
        messages = [{"role": "user", "content": "u"}, {"role": "assistant", "content": _ANSWER}]
        base = self._render(messages, prompt=False)
        end = self._end_text(base[base.rindex(_ANSWER) + len(_ANSWER) :])
        ids = self._encode(end.lstrip("\n"))
        return [ids[0]] if len(ids) == 1 else []

    def _appends_only(self) -> bool:
        """Whether a longer conversation always begins with the rendering of the shorter one."""
        messages = [{"role": "user", "content": "u"}, {"role": "assistant", "content": _PROBE}]
        longer = [*messages, {"role": "user", "content": "v"}]
        return self._render(longer, prompt=False).startswith(self._render(messages, prompt=False).rstrip("\n"))


def encode_trajectory(chat: ChatFormat, trajectory: Trajectory) -> Trajectory:
    """Give the turns of a text-only trajectory (an expert's) the ids that a policy would have seen and sampled."""
    turns: list[Turn] = []
    context: tuple[int, ...] = ()
    history = _system(trajectory.system_prompt)
    for turn in trajectory.turns:
        if turns:
            delta = chat.follow(context, True, history, turn.observation)
        else:
            delta = Delta(0, chat.start(trajectory.system_prompt, turn.observation))
        action = chat.action(turn.text)
        turns.append(_with_ids(turn, delta, action))
        context = context[: delta.keep] + delta.ids + action
        history += [{"role": "user", "content": turn.observation}, {"role": "assistant", "content": turn.text}]
    return replace(trajectory, turns=tuple(turns))


def encode_episode(chat: ChatFormat, episode: Episode) -> Episode:
    """`encode_trajectory` for each seat of an episode."""
    return replace(episode, trajectories=tuple(encode_trajectory(chat, t) for t in episode.trajectories))


def _with_ids(turn: Turn, delta: Delta, action: tuple[int, ...]) -> Turn:
    return replace(turn, keep=delta.keep, prompt=delta.ids, action=action, logprobs=(), stop=Stop.SCRIPTED)


def _system(prompt: str) -> list[Message]:
    return [{"role": "system", "content": prompt}] if prompt else []


def _common_prefix(context: Sequence[int], ids: Sequence[int]) -> Delta:
    keep = next((i for i, (a, b) in enumerate(zip(context, ids, strict=False)) if a != b), min(len(context), len(ids)))
    return Delta(keep, tuple(ids[keep:]))
