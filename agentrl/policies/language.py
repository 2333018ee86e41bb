"""A language-model policy: a transformers causal LM, its tokenizer and chat format, and an optional value head."""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from agentrl.chat import ChatFormat
from agentrl.errors import ModelError
from agentrl.policies.attention import ATTENTION, PackedLayout, attention_layout

VALUE_HEAD_FILE = "value_head.safetensors"


class ValueHead(nn.Module):
    """A linear critic on the trunk's hidden state, zero at first: (N, H) -> (N,)."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(hidden_size, 1)
        nn.init.zeros_(self.linear.weight)
        nn.init.zeros_(self.linear.bias)

    def forward(self, hidden: Tensor) -> Tensor:
        """Values (N,) of hidden states (N, H)."""
        values: Tensor = self.linear(hidden.float()).squeeze(-1)
        return values


@dataclass(frozen=True, slots=True)
class TokenScores:
    """What the policy thinks of given tokens: log-probs and entropies, (N,) in nats."""

    logprobs: Tensor
    entropy: Tensor


class LanguagePolicy(nn.Module):
    """A causal LM as an agent.

    The model is used as it is, but for its attention, which `agentrl.policies.attention` supplies. Logits beyond the
    tokenizer's vocabulary (padded embeddings) are cut off, in sampling and in training alike.
    """

    def __init__(self, model: Any, tokenizer: Any, *, value_head: bool = False) -> None:
        super().__init__()
        stop = model.generation_config.eos_token_id if model.generation_config is not None else None
        self.tokenizer = tokenizer
        self.chat = ChatFormat(tokenizer, stop if isinstance(stop, list) else [] if stop is None else [stop])
        self.vocab = min(len(tokenizer), model.get_output_embeddings().weight.shape[0])
        self.model = model
        self.model.set_attn_implementation(ATTENTION)
        self.value_head = ValueHead(model.config.hidden_size) if value_head else None
        self.softcap: float | None = getattr(model.config, "final_logit_softcapping", None)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        device: torch.device = self.model.device
        return device

    @property
    def max_context(self) -> int:
        """The longest context that the positions of the model, and its sliding window if any, allow, in tokens."""
        config = self.model.config
        positions = int(getattr(config, "max_position_embeddings", 1 << 30))
        return min(positions, int(getattr(config, "sliding_window", None) or positions))

    def hidden(self, ids: Tensor, positions: Tensor) -> Tensor:
        """Last hidden states (N, H) of flat ids (N,) at positions (N,), under the active attention layout."""
        output = self.model.base_model(input_ids=ids[None], position_ids=positions[None], use_cache=False)
        states: Tensor = output.last_hidden_state[0]
        return states

    def logits(self, hidden: Tensor) -> Tensor:
        """Float32 logits (N, V) of hidden states (N, H), over the tokenizer's vocabulary."""
        logits: Tensor = self.model.get_output_embeddings()(hidden)[:, : self.vocab].float()
        return logits if self.softcap is None else torch.tanh(logits / self.softcap) * self.softcap

    def packed_hidden(self, sequences: Sequence[Sequence[int]]) -> tuple[Tensor, PackedLayout]:
        """Hidden states (N, H) of several sequences side by side, and their layout."""
        layout = PackedLayout([len(sequence) for sequence in sequences], self.device)
        ids = torch.tensor([token for sequence in sequences for token in sequence], device=self.device)
        with attention_layout(layout):
            return self.hidden(ids, layout.positions), layout

    def score(self, hidden: Tensor, targets: Tensor, temperature: Tensor | float, chunk: int) -> TokenScores:
        """Log-probs and entropies (N,) of `targets` (N,) after hidden states (N, H), at a sampling temperature.

        Works in chunks of `chunk` positions. Where the logits of all positions would be large, each chunk's are
        computed again in the backward pass, so that the vocabulary never sets the memory.
        """
        recompute = torch.is_grad_enabled() and hidden.shape[0] * self.vocab > 1 << 24
        parts = []
        for piece in _chunks(hidden, targets, temperature, chunk):
            if recompute:
                parts.append(torch.utils.checkpoint.checkpoint(self._score_chunk, *piece, use_reentrant=False))
            else:
                parts.append(self._score_chunk(*piece))
        logprobs, entropy = (torch.cat(column) for column in zip(*parts, strict=True))
        return TokenScores(logprobs, entropy)

    def _score_chunk(self, hidden: Tensor, targets: Tensor, temperature: Tensor | float) -> tuple[Tensor, Tensor]:
        scale = temperature[:, None] if isinstance(temperature, Tensor) else temperature
        logs = F.log_softmax(self.logits(hidden) / scale, dim=-1)
        return logs.gather(1, targets[:, None]).squeeze(1), -(logs.exp() * logs).sum(-1)

    def values(self, hidden: Tensor) -> Tensor:
        """The critic's values (N,) of hidden states (N, H).

        Raises ModelError when the policy was made without a value head.
        """
        if self.value_head is None:
            raise ModelError("this policy has no value head; algo=ppo makes one")
        values: Tensor = self.value_head(hidden)
        return values

    def frozen_copy(self) -> "LanguagePolicy":
        """A copy that never learns: the reference of a KL penalty."""
        twin = copy.copy(self)
        twin._modules = dict(self._modules)
        twin.model = copy.deepcopy(self.model)
        twin.value_head = None
        twin.requires_grad_(False).eval()
        return twin

    def save(self, folder: str | Path) -> None:
        """Write a plain Hugging Face folder, and the value head into it."""
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        if self.value_head is not None:
            from safetensors.torch import save_file

            save_file(self.value_head.state_dict(), Path(folder) / VALUE_HEAD_FILE)


def _chunks(
    hidden: Tensor, targets: Tensor, temperature: Tensor | float, size: int
) -> Iterator[tuple[Tensor, Tensor, Tensor | float]]:
    for start in range(0, max(1, hidden.shape[0]), size):
        part = slice(start, start + size)
        scale = temperature[part] if isinstance(temperature, Tensor) else temperature
        yield hidden[part], targets[part], scale
