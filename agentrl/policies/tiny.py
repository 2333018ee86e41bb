"""The embedded default policy: a tokenizer made from the environment's own text, and a small Qwen3-style model."""

from collections.abc import Iterable
from typing import Any

from agentrl.chat import CHATML
from agentrl.config.schema import TinyModelConfig

PAD, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
_PIECE = r"\n+[^\n,]*(?:, ?)?|[^\n,]+(?:, ?)?|, ?"
"""Lines are cut behind commas and around digits only, so that a phrase that recurs becomes one token."""
_INIT_STD = 0.06
"""About 1 / sqrt(hidden size) of a small model; the library's 0.02 is meant for wide ones and learns slower here."""
_ROLES, _ROLE_WEIGHT = ["system", "user", "assistant"], 10_000


def tiny_tokenizer(texts: Iterable[str], vocab_size: int) -> Any:
    """A byte-level BPE tokenizer trained on `texts`, with the ChatML template.

    Numbers are cut into digits, so that a constant the training text never showed still reads as its digits do.
    """
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Split(Regex(_PIECE), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    core.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[PAD, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    core.train_from_iterator([*texts, *_ROLES * _ROLE_WEIGHT], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token=END, pad_token=PAD, clean_up_tokenization_spaces=False
    )
    tokenizer.chat_template = CHATML
    return tokenizer


def tiny_model(config: TinyModelConfig, tokenizer: Any, seed: int) -> Any:
    """A Qwen3 causal LM with random weights, drawn from `seed`."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    shape = config.model_dump(exclude={"vocab_size"})
    settings = Qwen3Config(
        vocab_size=-(-len(tokenizer) // 16) * 16,
        tie_word_embeddings=True,
        initializer_range=_INIT_STD,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **shape,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return Qwen3ForCausalLM(settings)
