"""The embedded engine: the numbers of plain transformers, whatever is batched, shared, kept, cancelled or broken."""

import asyncio
import math
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM, Qwen3Config, Qwen3ForCausalLM

from agentrl import runtime
from agentrl.engines.base import Generation, Sampling
from agentrl.engines.embedded import EmbeddedEngine
from agentrl.episode import Stop
from agentrl.policies.attention import ATTENTION
from agentrl.policies.language import LanguagePolicy
from agentrl.policies.tiny import tiny_tokenizer

T = TypeVar("T")
TEXTS = ["hello world", "the quick brown fox jumps over the lazy dog", "1 to 15, higher, lower, right"] * 4
FAMILIES = {
    "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM),
    "llama": (LlamaConfig, LlamaForCausalLM),
}
CASES = [(family, kv_heads) for family in FAMILIES for kv_heads in (1, 2, 4)]


@pytest.fixture(scope="module", autouse=True)
def process_settings() -> None:
    """The settings under which runs generate."""
    runtime.configure(1)


def make_policy(family: str = "qwen3", kv_heads: int = 2, scale: float = 3.0, padded: int = 320) -> LanguagePolicy:
    """A random policy, with weights large enough that its distributions are far from uniform."""
    tokenizer = tiny_tokenizer(TEXTS, 300)
    config, model = FAMILIES[family]
    with torch.random.fork_rng():
        torch.manual_seed(1)
        made = model(
            config(
                vocab_size=padded,
                hidden_size=64,
                intermediate_size=96,
                num_hidden_layers=2,
                num_attention_heads=4,
                num_key_value_heads=kv_heads,
                head_dim=16,
                max_position_embeddings=512,
                tie_word_embeddings=True,
                bos_token_id=None,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
        )
    with torch.no_grad():
        made.get_input_embeddings().weight.mul_(scale)
    return LanguagePolicy(made, tokenizer).eval()


@pytest.fixture(scope="module")
def policy() -> LanguagePolicy:
    return make_policy()


@pytest.fixture(scope="module")
def endless() -> LanguagePolicy:
    """A policy that hardly ever samples its stop token."""
    made = make_policy()
    with torch.no_grad():
        made.model.get_input_embeddings().weight[list(made.chat.stop_ids)] = 0.0
    return made


def prompt(size: int, seed: int = 0) -> list[int]:
    return np.random.default_rng(seed).integers(3, 290, size).tolist()


def run(main: Coroutine[Any, Any, T]) -> T:
    async def limited() -> T:
        return await asyncio.wait_for(main, 60)

    return asyncio.run(limited())


def generate(engine: EmbeddedEngine, ids: Sequence[int], session: str = "s", **sampling: Any) -> Generation:
    return run(engine.generate(ids, Sampling(**sampling), session=session))


def recompute(policy: LanguagePolicy, ids: Sequence[int], answer: Sequence[int], temperature: float = 1.0) -> Any:
    """The learner's log-probs of an answer."""
    with torch.no_grad():
        hidden, _ = policy.packed_hidden([[*ids, *answer]])
        return policy.score(hidden[len(ids) - 1 : -1], torch.tensor(answer), temperature, 64).logprobs.numpy()


def plain_logits(policy: LanguagePolicy, ids: Sequence[int], attention: str) -> torch.Tensor:
    """The logits (N, V) of the unmodified transformers forward pass."""
    policy.model.set_attn_implementation(attention)
    try:
        with torch.no_grad():
            logits: torch.Tensor = policy.model(torch.tensor([ids])).logits[0, :, : policy.vocab]
            return logits
    finally:
        policy.model.set_attn_implementation(ATTENTION)


async def converse(engine: EmbeddedEngine, number: int, turns: int = 3) -> list[Generation]:
    """A conversation of several turns; conversations 0-3, 4-7, ... begin with the same prompt."""
    context, answers = prompt(40, number // 4), []
    for turn in range(turns):
        sampling = Sampling(seed=100 * number + turn, max_new_tokens=6 + number % 5)
        answers.append(await engine.generate(context, sampling, session=str(number)))
        context = [*context, *answers[-1].ids, *prompt(5 + (number + turn) % 9, 1000 + number)]
        await asyncio.sleep(0.001 * (number % 3))
    engine.release(str(number))
    return answers


def converse_all(policy: LanguagePolicy, slots: int, concurrency: int, count: int = 16) -> list[list[Generation]]:
    engine = EmbeddedEngine(policy, slots=slots, max_context=256)

    async def main() -> list[list[Generation]]:
        places = asyncio.Semaphore(concurrency)

        async def one(number: int) -> list[Generation]:
            async with places:
                return await converse(engine, number)

        return list(await asyncio.gather(*(one(number) for number in range(count))))

    return run(main())


@pytest.mark.parametrize(("family", "kv_heads"), CASES)
@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_logprobs_equal_those_of_the_learner_and_of_plain_transformers(
    family: str, kv_heads: int, temperature: float
) -> None:
    made = make_policy(family, kv_heads)
    engine = EmbeddedEngine(made, slots=4, max_context=256)
    for seed, size in enumerate((1, 2, 17, 120)):
        ids = prompt(size, seed)
        answer = generate(engine, ids, str(seed), temperature=temperature, seed=seed, max_new_tokens=40)
        np.testing.assert_allclose(
            answer.logprobs, recompute(made, ids, answer.ids, temperature), atol=1e-4, rtol=0, err_msg=str(size)
        )
        for attention in ("sdpa", "eager"):
            logits = plain_logits(made, [*ids, *answer.ids], attention)[size - 1 : -1] / temperature
            plain = logits.log_softmax(-1)[torch.arange(len(answer.ids)), list(answer.ids)]
            np.testing.assert_allclose(answer.logprobs, plain.numpy(), atol=1e-4, rtol=0, err_msg=attention)


@pytest.mark.parametrize(("family", "kv_heads"), CASES)
def test_greedy_equals_generate(family: str, kv_heads: int) -> None:
    made = make_policy(family, kv_heads, padded=304)
    made.vocab = 304
    ids = prompt(30)
    ours = generate(EmbeddedEngine(made, slots=2, max_context=256), ids, temperature=0, max_new_tokens=40)
    made.model.set_attn_implementation("sdpa")
    theirs = made.model.generate(
        torch.tensor([ids]), attention_mask=torch.ones(1, 30, dtype=torch.long), do_sample=False, max_new_tokens=40
    )
    assert list(ours.ids) == theirs[0, 30:].tolist()


@pytest.fixture(scope="module")
def alone(policy: LanguagePolicy) -> list[list[Generation]]:
    """The conversations, one after the other with a row each."""
    return converse_all(policy, slots=16, concurrency=1)


@pytest.mark.parametrize(("slots", "concurrency"), [(16, 16), (16, 3), (3, 3), (3, 16), (1, 1), (1, 16)])
def test_answers_do_not_depend_on_what_is_played_at_the_same_time(
    policy: LanguagePolicy, alone: list[list[Generation]], slots: int, concurrency: int
) -> None:
    together = converse_all(policy, slots, concurrency)
    for mine, theirs in zip(alone, together, strict=True):
        for one, other in zip(mine, theirs, strict=True):
            assert one.ids == other.ids
            assert one.stop == other.stop
            np.testing.assert_allclose(one.logprobs, other.logprobs, atol=1e-5, rtol=0)


def test_a_groups_prompt_is_computed_once(policy: LanguagePolicy) -> None:
    engine = EmbeddedEngine(policy, slots=8, max_context=256)
    ids = prompt(100)

    async def main() -> list[Generation]:
        requests = [engine.generate(ids, Sampling(seed=i, max_new_tokens=1), session=str(i)) for i in range(8)]
        return await asyncio.gather(*requests)

    assert len({answer.ids for answer in run(main())}) > 1
    assert engine.fed_tokens <= 100 + 7 * 2


def test_a_system_prompt_in_common_is_computed_once(policy: LanguagePolicy) -> None:
    engine = EmbeddedEngine(policy, slots=8, max_context=256)
    system = prompt(80)

    async def main() -> None:
        tasks = [[*system, *prompt(20, 50 + i)] for i in range(8)]
        requests = [engine.generate(ids, Sampling(max_new_tokens=1), session=str(i)) for i, ids in enumerate(tasks)]
        await asyncio.gather(*requests)

    run(main())
    assert engine.fed_tokens <= 80 + 8 * 22


def test_keys_and_values_are_kept_across_turns(endless: LanguagePolicy) -> None:
    engine = EmbeddedEngine(endless, slots=2, max_context=256)
    context = prompt(60)
    for turn in range(3):
        before = engine.fed_tokens
        answer = generate(engine, context, seed=turn, max_new_tokens=10)
        fed = engine.fed_tokens - before
        # a turn feeds its new tokens, the last sampled one of the turn before (whose keys nobody needed yet), and the
        # sampled ones but for the last
        assert fed <= (60 if turn == 0 else 1 + 12 + 1) + 9
        context = [*context, *answer.ids, *prompt(12, turn)]


def test_released_rows_serve_others_and_their_prefix_can_still_be_shared(policy: LanguagePolicy) -> None:
    engine = EmbeddedEngine(policy, slots=2, max_context=256)
    ids = prompt(100)
    first = generate(engine, ids, "first", seed=3, max_new_tokens=8)
    engine.release("first")
    engine.release("first")
    before = engine.fed_tokens
    assert generate(engine, ids, "second", seed=3, max_new_tokens=8) == first
    assert engine.fed_tokens - before <= 2 + 8
    for number in range(5):
        generate(engine, prompt(30, number), f"other-{number}", max_new_tokens=2)
        engine.release(f"other-{number}")


def test_sessions_that_wait_for_each_other_share_too_few_rows(policy: LanguagePolicy) -> None:
    """Seats of one episode hold rows while they wait for the others: nobody may wait for a row for ever."""
    engine = EmbeddedEngine(policy, slots=2, max_context=256)

    async def main() -> int:
        for turn in range(3):
            requests = [
                engine.generate(prompt(20 + 10 * turn, seat), Sampling(max_new_tokens=4), session=f"seat-{seat}")
                for seat in range(6)
            ]
            await asyncio.gather(*requests)
        return 3

    assert run(main()) == 3


def test_samples_have_the_frequencies_of_the_softmax(policy: LanguagePolicy) -> None:
    engine = EmbeddedEngine(policy, slots=64, max_context=64)
    ids, count = prompt(20, 5), 6000

    async def main() -> list[Generation]:
        async def one(seed: int) -> Generation:
            answer = await engine.generate(ids, Sampling(seed=seed, max_new_tokens=1), session=str(seed))
            engine.release(str(seed))
            return answer

        return await asyncio.gather(*(one(seed) for seed in range(count)))

    drawn = np.bincount([answer.ids[0] for answer in run(main())], minlength=policy.vocab)
    chances = plain_logits(policy, ids, "sdpa")[-1].softmax(-1).numpy().astype(np.float64)
    likely = chances * count >= 5
    observed = np.append(drawn[likely], drawn[~likely].sum())
    expected = np.append(chances[likely], chances[~likely].sum()) * count
    chi_square = ((observed - expected) ** 2 / expected).sum()
    freedom = len(expected) - 1
    assert freedom > 5
    # the chance of more than mean + 5 standard deviations is far below 1e-4
    assert chi_square < freedom + 5 * math.sqrt(2 * freedom)


def test_top_p_samples_the_nucleus_only_and_renormalises(policy: LanguagePolicy) -> None:
    engine = EmbeddedEngine(policy, slots=4, max_context=64)
    ids = prompt(20, 5)
    chances, order = plain_logits(policy, ids, "sdpa")[-1].softmax(-1).sort(descending=True)
    size = int((chances.cumsum(0) < 0.5).sum()) + 1
    nucleus = dict(zip(order[:size].tolist(), (chances[:size] / chances[:size].sum()).tolist(), strict=True))
    for seed in range(60):
        answer = generate(engine, ids, seed=seed, top_p=0.5, max_new_tokens=1)
        assert answer.ids[0] in nucleus
        assert answer.logprobs[0] == pytest.approx(math.log(nucleus[answer.ids[0]]), abs=1e-4)


def test_a_tiny_temperature_is_nearly_greedy(policy: LanguagePolicy) -> None:
    engine = EmbeddedEngine(policy, slots=4, max_context=128)
    greedy = generate(engine, prompt(20), temperature=0.0, max_new_tokens=20)
    cold = generate(engine, prompt(20), temperature=1e-4, seed=9, max_new_tokens=20)
    assert greedy.ids == cold.ids


def test_a_seed_decides_and_another_seed_decides_otherwise(policy: LanguagePolicy) -> None:
    engine = EmbeddedEngine(policy, slots=4, max_context=128)
    answers = [generate(engine, prompt(20), seed=seed, max_new_tokens=20) for seed in (1, 1, 2)]
    assert answers[0] == answers[1] != answers[2]


def test_an_action_ends_with_a_stop_id_or_at_its_limit(policy: LanguagePolicy) -> None:
    engine = EmbeddedEngine(policy, slots=32, max_context=200)
    stops = set(policy.chat.stop_ids)

    async def main() -> list[Generation]:
        sampling = [Sampling(seed=seed, max_new_tokens=50) for seed in range(32)]
        return await asyncio.gather(
            *(engine.generate(prompt(20, s.seed), s, session=str(s.seed)) for s in sampling),
        )

    answers = run(main())
    for answer in answers:
        assert not stops & set(answer.ids[:-1])
        assert (answer.stop is Stop.EOS) == (answer.ids[-1] in stops)
        assert answer.stop is Stop.EOS or len(answer.ids) == 50
    assert {answer.stop for answer in answers} == {Stop.EOS, Stop.LENGTH}


def test_the_end_of_the_context_ends_an_action(endless: LanguagePolicy) -> None:
    engine = EmbeddedEngine(endless, slots=2, max_context=50)
    answer = generate(engine, prompt(45), max_new_tokens=60)
    assert (len(answer.ids), answer.stop) == (5, Stop.LENGTH)
    assert generate(engine, prompt(49), max_new_tokens=60).stop is Stop.LENGTH


@pytest.mark.parametrize("size", [0, 50, 51, 1000])
def test_a_prompt_that_leaves_no_room_is_refused(policy: LanguagePolicy, size: int) -> None:
    engine = EmbeddedEngine(policy, slots=2, max_context=50)
    with pytest.raises(ValueError, match=f"a prompt of {size} tokens does not fit a context of 50"):
        generate(engine, prompt(size))


def test_the_context_is_not_longer_than_the_models_positions(policy: LanguagePolicy) -> None:
    assert EmbeddedEngine(policy, slots=1, max_context=10_000).max_context == 512


def test_ids_beyond_the_tokenizers_vocabulary_are_never_sampled() -> None:
    made = make_policy(padded=400)
    with torch.no_grad():
        made.model.get_input_embeddings().weight[made.vocab :] *= 20
    engine = EmbeddedEngine(made, slots=4, max_context=256)
    logits = made.model.get_output_embeddings().weight.shape[0]
    assert made.vocab == len(made.tokenizer) < logits == 400
    for seed in range(10):
        assert max(generate(engine, prompt(10, seed), seed=seed, temperature=3.0, max_new_tokens=30).ids) < made.vocab


def test_a_failed_forward_reaches_those_who_wait_and_nobody_else(
    policy: LanguagePolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = EmbeddedEngine(policy, slots=3, max_context=128)
    expected = generate(EmbeddedEngine(policy, slots=3, max_context=128), prompt(30), seed=4, max_new_tokens=12)
    hidden, calls = LanguagePolicy.hidden, 0

    def breaks(self: LanguagePolicy, *args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise MemoryError("out of memory")
        return hidden(self, *args)

    monkeypatch.setattr(LanguagePolicy, "hidden", breaks)

    async def main() -> list[Any]:
        requests = [engine.generate(prompt(30), Sampling(seed=4, max_new_tokens=12), session=str(i)) for i in range(5)]
        return await asyncio.gather(*requests, return_exceptions=True)

    assert [type(answer) for answer in run(main())] == [MemoryError] * 5
    assert generate(engine, prompt(30), "0", seed=4, max_new_tokens=12) == expected


def test_a_cancelled_request_frees_its_row_and_disturbs_nobody(endless: LanguagePolicy) -> None:
    engine = EmbeddedEngine(endless, slots=2, max_context=400)

    async def main() -> Generation:
        sampling = Sampling(seed=1, max_new_tokens=300)
        doomed = [asyncio.create_task(engine.generate(prompt(20, i), sampling, session=f"d{i}")) for i in range(6)]
        await asyncio.sleep(0.02)
        for task in doomed:
            task.cancel()
        await asyncio.gather(*doomed, return_exceptions=True)
        for number in range(6):
            engine.release(f"d{number}")
        sampled = engine.sampled_tokens
        answer = await engine.generate(prompt(30), Sampling(seed=4, max_new_tokens=12), session="next")
        assert engine.sampled_tokens - sampled <= 12 + 2
        return answer

    fresh = EmbeddedEngine(endless, slots=2, max_context=400)
    assert run(main()) == generate(fresh, prompt(30), seed=4, max_new_tokens=12)


def test_an_event_loop_that_was_torn_down_leaves_a_usable_engine(endless: LanguagePolicy) -> None:
    engine = EmbeddedEngine(endless, slots=2, max_context=400)

    async def aborted() -> None:
        for number in range(4):
            request = engine.generate(prompt(20, number), Sampling(max_new_tokens=300), session=str(number))
            asyncio.get_running_loop().create_task(request)
        await asyncio.sleep(0.02)

    asyncio.run(aborted())
    engine.load_weights()
    fresh = EmbeddedEngine(endless, slots=2, max_context=400)
    expected = generate(fresh, prompt(30), seed=4, max_new_tokens=12)
    assert generate(engine, prompt(30), "new", seed=4, max_new_tokens=12).ids == expected.ids


def test_new_weights_are_used_at_once() -> None:
    made = make_policy()
    engine = EmbeddedEngine(made, slots=2, max_context=128)
    ids = prompt(40)
    before = generate(engine, ids, seed=2, max_new_tokens=8)
    with torch.no_grad():
        for parameter in made.model.parameters():
            parameter.add_(0.02 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(0)))
    engine.load_weights()
    after = generate(engine, ids, seed=2, max_new_tokens=8)
    assert (before.policy_version, after.policy_version) == (0, 1)
    assert before.logprobs != after.logprobs
    np.testing.assert_allclose(after.logprobs, recompute(made, ids, after.ids), atol=1e-4, rtol=0)


def test_a_rewritten_past_is_computed_anew_from_where_it_differs(policy: LanguagePolicy) -> None:
    engine = EmbeddedEngine(policy, slots=2, max_context=256)
    ids = prompt(80)
    first = generate(engine, ids, max_new_tokens=10)
    forked = [*ids[:50], *prompt(20, 7)]
    before = engine.fed_tokens
    second = generate(engine, forked, max_new_tokens=10)
    assert engine.fed_tokens - before <= 20 + 10
    np.testing.assert_allclose(second.logprobs, recompute(policy, forked, second.ids), atol=1e-4, rtol=0)
    assert first.ids != second.ids
