"""Policies from disk: a Hugging Face folder or hub id, with messages that say what to do when it cannot be used."""

from pathlib import Path
from typing import Any

import torch

from agentrl.chat import CHATML
from agentrl.config.schema import TinyModelConfig
from agentrl.errors import ModelError
from agentrl.policies.attention import ATTENTION
from agentrl.policies.language import VALUE_HEAD_FILE, LanguagePolicy
from agentrl.policies.tiny import tiny_model, tiny_tokenizer

_PROBES = [[3, 1, 4, 1, 5, 9, 2, 6], [2, 7, 1, 8, 2, 8, 1, 8, 2, 8]]
"""Ids for a look at what a model computes; the second sequence follows the first on the token axis."""


def load_policy(path: str | Path, *, template: str | None = None, value_head: bool = False) -> LanguagePolicy:
    """The policy in a folder that `LanguagePolicy.save` or anyone else wrote, or a hub id, in float32.

    Raises ModelError when there is none, it cannot be read, or its tokenizer cannot hold a conversation.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    _check_exists(str(path))
    try:
        tokenizer = AutoTokenizer.from_pretrained(path)
        model = AutoModelForCausalLM.from_pretrained(path, dtype="float32")
    except Exception as error:  # transformers, tokenizers and safetensors each raise kinds of their own
        raise ModelError(
            f"model_name_or_path={path}: no causal language model could be loaded: {_first_line(error)}"
        ) from error
    set_template(tokenizer, model, template)
    try:
        expected = _alone(model.eval())
        policy = LanguagePolicy(model, tokenizer, value_head=value_head)
        _check_side_by_side(policy, expected)
    except ModelError as error:
        raise ModelError(f"model_name_or_path={path}: {error}") from error
    except (AttributeError, TypeError, RuntimeError) as error:  # an architecture of another build
        raise ModelError(f"model_name_or_path={path}: cannot be used: {_first_line(error)}") from error
    _load_value_head(policy, Path(path))
    return policy.eval()


def new_tiny_policy(config: TinyModelConfig, texts: list[str], seed: int, *, value_head: bool) -> LanguagePolicy:
    """A tiny policy with random weights and a tokenizer made from `texts`."""
    tokenizer = tiny_tokenizer(texts, config.vocab_size)
    return LanguagePolicy(tiny_model(config, tokenizer, seed), tokenizer, value_head=value_head).eval()


def set_template(tokenizer: Any, model: Any, template: str | None) -> None:
    """Give a tokenizer the chat template that the configuration names, and the markers that it needs."""
    if template is None:
        return
    if template != "chatml":
        try:
            tokenizer.chat_template = Path(template).read_text(encoding="utf-8")
        except OSError as error:
            raise ModelError(
                f"template={template}: cannot be read ({error.strerror}); give chatml or a file"
            ) from error
        return
    tokenizer.chat_template = CHATML
    missing = [mark for mark in ("<|im_start|>", "<|im_end|>") if mark not in tokenizer.get_vocab()]
    if missing:
        tokenizer.add_special_tokens({"additional_special_tokens": missing})
        if len(tokenizer) > model.get_input_embeddings().weight.shape[0]:
            model.resize_token_embeddings(len(tokenizer))


def _alone(model: Any) -> list[torch.Tensor]:
    """Last hidden states (T, H) of the probes, each by itself, through the model as transformers made it."""
    with torch.no_grad():
        return [model.base_model(torch.tensor([ids], device=model.device)).last_hidden_state[0] for ids in _PROBES]


def _check_side_by_side(policy: LanguagePolicy, expected: list[torch.Tensor]) -> None:
    """Sequences that lie side by side must not see each other: true of attention that is ours to replace."""
    with torch.no_grad():
        found, _ = policy.packed_hidden(_PROBES)
    wanted = torch.cat(expected)
    ours = policy.model.config._attn_implementation == ATTENTION
    if not ours or not torch.allclose(found, wanted, rtol=1e-3, atol=1e-3 * float(wanted.abs().max())):
        raise ModelError(
            f"{type(policy.model).__name__} cannot be used: its layers do not compute causal attention through "
            "transformers' attention interface, so its log-probs would be wrong. Qwen, Llama and their like can."
        )


def _check_exists(path: str) -> None:
    """A path that is meant as one must exist; anything else may be a hub id."""
    if Path(path).is_dir():
        return
    looks_local = path.startswith((".", "/", "~")) or path.count("/") > 1 or Path(path).exists()
    looks_local |= "/" in path and Path(path).parent.is_dir()  # runs/NAME, where there are runs
    if looks_local:
        raise ModelError(
            f"model_name_or_path={path}: there is no such folder. Give the folder of a Hugging Face model "
            "(with config.json), a hub id such as Qwen/Qwen3-0.6B, or leave it out for the tiny policy."
        )


def _load_value_head(policy: LanguagePolicy, folder: Path) -> None:
    file = folder / VALUE_HEAD_FILE
    if policy.value_head is not None and file.is_file():
        from safetensors.torch import load_file

        try:
            policy.value_head.load_state_dict(load_file(file))
        except Exception as error:  # SafetensorError is no subclass of anything more telling
            raise ModelError(
                f"model_name_or_path={folder}: {VALUE_HEAD_FILE} cannot be read: {_first_line(error)}"
            ) from error


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)
