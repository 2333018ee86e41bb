"""How fast the embedded engine generates, side by side with transformers' `generate()` in one process.

    python benchmarks/generation.py > generation.json

Four workloads, each with log-probs: (a) prompts of different lengths, (b) groups of eight with equal prompts, (c)
conversations of three turns, (d) what training does: groups of eight, three turns, answers of different lengths.
Prints one JSON object: the median tokens per second of both over interleaved rounds, their ratio, and the largest
difference between the engine's log-probs and a recompute by the learner. See README.md beside this file.
"""

import argparse
import asyncio
import json
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import Qwen3Config, Qwen3ForCausalLM

from agentrl import runtime
from agentrl.engines.base import Generation, Sampling
from agentrl.engines.embedded import EmbeddedEngine
from agentrl.policies.attention import ATTENTION
from agentrl.policies.language import LanguagePolicy
from agentrl.policies.tiny import tiny_tokenizer

Prompts = list[list[int]]
Conversation = list[tuple[list[int], Generation]]
VOCAB, TURNS, OBSERVATION, MAX_CONTEXT = 1024, 3, 24, 640
AIM = {"rollouts": {"ratio": 1.8, "largest_logprob_error": 1e-4}}
CHECKED = 16
"""Conversations whose log-probs are computed again."""


def make_policy() -> LanguagePolicy:
    """A random Qwen3 of 2.0 M parameters whose every id may be sampled and none ends an action."""
    config = Qwen3Config(
        vocab_size=VOCAB,
        hidden_size=192,
        intermediate_size=512,
        num_hidden_layers=5,
        num_attention_heads=6,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=0,
    )
    torch.manual_seed(0)
    policy = LanguagePolicy(Qwen3ForCausalLM(config), tiny_tokenizer(["benchmark"], 300)).eval()
    policy.vocab = VOCAB
    policy.chat.stop_ids = (-1,)
    return policy


def make_prompts(count: int, low: int, high: int, seed: int) -> Prompts:
    """Prompts of `low` to `high` random ids."""
    rng = np.random.default_rng(seed)
    return [rng.integers(3, VOCAB, rng.integers(low, high + 1)).tolist() for _ in range(count)]


def answer_lengths(count: int, most: int) -> list[list[int]]:
    """How many tokens each answer of each conversation has, where they differ: from a sixth of `most` to `most`."""
    rng = np.random.default_rng(2)
    lengths: list[list[int]] = rng.integers(most // 6, most + 1, (count, TURNS)).tolist()
    return lengths


def observations(count: int) -> list[Prompts]:
    """What each conversation is told before its second, third, ... turn."""
    return [make_prompts(TURNS - 1, OBSERVATION, OBSERVATION, 1000 + number) for number in range(count)]


def play_engine(
    engine: EmbeddedEngine, prompts: Prompts, lengths: list[list[int]], told: list[Prompts]
) -> list[Conversation]:
    """All conversations at once, with nothing left of earlier ones, as after an update of the weights."""
    engine.load_weights()

    async def converse(number: int) -> Conversation:
        context, turns = prompts[number], []
        for turn, observation in enumerate([*told[number], []] if told else [[]]):
            sampling = Sampling(seed=10 * number + turn, max_new_tokens=lengths[number][turn])
            answer = await engine.generate(context, sampling, session=str(number))
            turns.append((context, answer))
            context = [*context, *answer.ids, *observation]
        engine.release(str(number))
        return turns

    async def main() -> list[Conversation]:
        return list(await asyncio.gather(*(converse(number) for number in range(len(prompts)))))

    return asyncio.run(main())


def generate(policy: LanguagePolicy, prompts: Prompts, tokens: int) -> Tensor:
    """One call of `generate()` on left-padded prompts, with the log-probs of what it sampled; the new ids (B, T)."""
    width = max(map(len, prompts))
    ids = torch.tensor([[0] * (width - len(prompt)) + prompt for prompt in prompts])
    mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts])
    out = policy.model.generate(
        ids,
        attention_mask=mask,
        do_sample=True,
        temperature=1.0,
        top_k=0,
        top_p=1.0,
        max_new_tokens=tokens,
        output_logits=True,
        return_dict_in_generate=True,
    )
    new: Tensor = out.sequences[:, width:]
    torch.stack(out.logits, 1).log_softmax(-1).gather(2, new[..., None])
    return new


def play_transformers(policy: LanguagePolicy, prompts: Prompts, lengths: list[list[int]], told: list[Prompts]) -> None:
    """The same work by `generate()`: it reads the whole conversation at each turn, and ends with the longest answer."""
    contexts = prompts
    for turn in range(TURNS if told else 1):
        sizes = [row[turn] for row in lengths]
        new = [ids[:size] for ids, size in zip(generate(policy, contexts, max(sizes)).tolist(), sizes, strict=True)]
        if told and turn < TURNS - 1:
            contexts = [[*c, *n, *told[i][turn]] for i, (c, n) in enumerate(zip(contexts, new, strict=True))]


def largest_error(policy: LanguagePolicy, conversations: Sequence[Conversation]) -> float:
    """The largest difference between the engine's log-probs and the learner's, in nats."""
    worst = 0.0
    for conversation in conversations[:: max(1, len(conversations) // CHECKED)]:
        for context, answer in conversation:
            with torch.no_grad():
                hidden, _ = policy.packed_hidden([[*context, *answer.ids]])
                scores = policy.score(hidden[len(context) - 1 : -1], torch.tensor(answer.ids), 1.0, 1024)
            worst = max(worst, float((scores.logprobs - torch.tensor(answer.logprobs)).abs().max()))
    return worst


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long `work` takes, and what it returns."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def compare(
    policy: LanguagePolicy, prompts: Prompts, lengths: list[list[int]], rounds: int, told: list[Prompts] | None = None
) -> dict[str, Any]:
    """Both on one workload, in turn, after a warm-up of each."""
    total = sum(sum(row[: TURNS if told else 1]) for row in lengths)
    engine = EmbeddedEngine(policy, slots=len(prompts), max_context=MAX_CONTEXT)
    ours, theirs = [], []
    error = 0.0
    for number in range(-1, rounds):
        work = slice(len(prompts) if number >= 0 else 8)
        part, sizes, said = prompts[work], lengths[work], (told or [])[work]
        policy.model.set_attn_implementation(ATTENTION)
        seconds, conversations = timed(lambda p=part, n=sizes, s=said: play_engine(engine, p, n, s))  # type: ignore[misc]
        if number >= 0:
            ours.append(total / seconds)
            error = max(error, largest_error(policy, conversations))
        policy.model.set_attn_implementation("sdpa")
        with torch.inference_mode():
            seconds, _ = timed(lambda p=part, n=sizes, s=said: play_transformers(policy, p, n, s))  # type: ignore[misc]
        if number >= 0:
            theirs.append(total / seconds)
    fast, slow = statistics.median(ours), statistics.median(theirs)
    return {
        "engine_tokens_per_second": round(fast),
        "generate_tokens_per_second": round(slow),
        "ratio": round(fast / slow, 2),
        "ratio_of_each_round": [round(a / b, 2) for a, b in zip(ours, theirs, strict=True)],
        "largest_logprob_error": error,
    }


def processor() -> str:
    """The name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def main() -> None:
    """Run all workloads and print the JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=96, help="new tokens per action")
    parser.add_argument("--prompts", type=int, default=64)
    options = parser.parse_args()
    runtime.quiet_libraries()
    runtime.configure(1)
    policy = make_policy()
    single = make_prompts(options.prompts, 60, 140, 0)
    groups = [prompt for prompt in make_prompts(-(-options.prompts // 8), 60, 140, 1) for _ in range(8)]
    told = observations(options.prompts)
    equal = [[options.tokens] * TURNS] * options.prompts
    result = {
        "benchmark": "generation",
        "cpu": processor(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "float32_matmul_precision": torch.get_float32_matmul_precision(),
        "parameters": sum(parameter.numel() for parameter in policy.model.parameters()),
        "prompts": options.prompts,
        "new_tokens": options.tokens,
        "rounds": options.rounds,
        "aim": AIM,
        "single": compare(policy, single, equal, options.rounds),
        "groups_of_8": compare(policy, groups, equal, options.rounds),
        "conversations_of_3_turns": compare(policy, single, equal, options.rounds, told),
        "rollouts": compare(policy, groups, answer_lengths(options.prompts, options.tokens), options.rounds, told),
    }
    json.dump(result, sys.stdout, indent=2)
    print()


if __name__ == "__main__":
    main()
