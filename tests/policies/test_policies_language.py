"""The policy: packed, padded and one by one are the same numbers; it saves, loads, copies and explains itself."""

from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from torch import Tensor

from agentrl.chat import CHATML
from agentrl.config.schema import TinyModelConfig
from agentrl.errors import ModelError
from agentrl.policies.attention import ATTENTION, PackedLayout
from agentrl.policies.language import LanguagePolicy
from agentrl.policies.loading import load_policy, new_tiny_policy

SHAPE = TinyModelConfig(
    vocab_size=300,
    hidden_size=48,
    intermediate_size=64,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=16,
)
TEXTS = ["hello world", "higher", "lower", "1 to 15"] * 4


def make_policy(*, value_head: bool = False, seed: int = 0) -> LanguagePolicy:
    policy = new_tiny_policy(SHAPE, TEXTS, seed, value_head=value_head)
    if policy.value_head is not None:
        torch.nn.init.normal_(policy.value_head.linear.weight, generator=torch.Generator().manual_seed(seed))
    return policy


@pytest.fixture(scope="module")
def policy() -> LanguagePolicy:
    return make_policy(value_head=True)


def sequences(*lengths: int) -> list[list[int]]:
    generator = torch.Generator().manual_seed(len(lengths))
    return [torch.randint(3, 250, (length,), generator=generator).tolist() for length in lengths]


def plain_hidden(policy: LanguagePolicy, rows: list[list[int]], attention: str = "sdpa") -> list[Tensor]:
    """Last hidden states of right-padded rows, by transformers alone."""
    width = max(map(len, rows))
    ids = torch.tensor([[*row, *[0] * (width - len(row))] for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])
    policy.model.set_attn_implementation(attention)
    try:
        with torch.no_grad():
            states = policy.model.base_model(input_ids=ids, attention_mask=mask).last_hidden_state
        return [state[: len(row)] for state, row in zip(states, rows, strict=True)]
    finally:
        policy.model.set_attn_implementation(ATTENTION)


@torch.no_grad()
def packed(policy: LanguagePolicy, rows: list[list[int]]) -> list[Tensor]:
    hidden, _ = policy.packed_hidden(rows)
    return list(hidden.split([len(row) for row in rows]))


@pytest.mark.parametrize("lengths", [(1,), (5, 30, 1, 17), (520, 20)], ids=str)
@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_packed_padded_and_one_by_one_are_the_same(
    policy: LanguagePolicy, lengths: tuple[int, ...], attention: str
) -> None:
    rows = sequences(*lengths)
    together, padded = packed(policy, rows), plain_hidden(policy, rows, attention)
    for row, one, other in zip(rows, together, padded, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=0)
        torch.testing.assert_close(one, packed(policy, [row])[0], atol=1e-5, rtol=0)


def test_a_sequence_does_not_see_its_neighbours(policy: LanguagePolicy) -> None:
    rows = sequences(12, 20, 9)
    changed = [rows[0], [token + 1 for token in rows[1]], rows[2]]
    before, after = packed(policy, rows), packed(policy, changed)
    assert torch.equal(before[0], after[0])
    assert torch.equal(before[2], after[2])
    assert not torch.equal(before[1], after[1])


def test_gradients_of_a_neighbour_are_zero(policy: LanguagePolicy) -> None:
    layout = PackedLayout([4, 3])
    query, key, value = (torch.randn(7, heads, 16, requires_grad=True) for heads in (4, 2, 2))
    layout.attend(0, query, key, value, 0.25)[:4].sum().backward()
    assert value.grad is not None
    assert value.grad[:4].abs().sum() > 0
    assert value.grad[4:].abs().sum() == 0


def test_the_math_and_the_fused_attention_agree() -> None:
    generator = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(19, heads, 16, generator=generator) for heads in (6, 2, 2))
    layout = PackedLayout([7, 12])
    parts = [layout._pad(tensor) for tensor in (query, key, value)]
    torch.testing.assert_close(layout._math(*parts, 0.25), layout._fused(*parts, 0.25), atol=1e-5, rtol=0)


def test_calling_the_model_without_a_layout_is_an_error(policy: LanguagePolicy) -> None:
    with pytest.raises(RuntimeError, match="outside of attention_layout"):
        policy.model(torch.tensor([[1, 2, 3]]))


@pytest.mark.parametrize("per_token", [False, True])
def test_scores_equal_the_full_log_softmax(policy: LanguagePolicy, per_token: bool) -> None:
    row = sequences(40)[0]
    hidden = packed(policy, [row])[0][:-1]
    targets = torch.tensor(row[1:])
    temperature = torch.linspace(0.5, 2, 39) if per_token else 0.7
    scale = temperature[:, None] if isinstance(temperature, Tensor) else temperature
    full = (policy.logits(hidden) / scale).log_softmax(-1)
    for chunk in (1, 7, 39, 1000):
        with torch.no_grad():
            scores = policy.score(hidden, targets, temperature, chunk)
        torch.testing.assert_close(scores.logprobs, full.gather(1, targets[:, None]).squeeze(1), atol=1e-5, rtol=0)
        torch.testing.assert_close(scores.entropy, -(full.exp() * full).sum(-1), atol=1e-5, rtol=0)


def gradients(policy: LanguagePolicy, chunk: int) -> dict[str, Tensor]:
    rows = sequences(30, 11)
    policy.zero_grad()
    hidden, layout = policy.packed_hidden(rows)
    before = torch.cat([start + torch.arange(len(row) - 1) for start, row in zip(layout.starts, rows, strict=True)])
    targets = torch.tensor([token for row in rows for token in row[1:]])
    scores = policy.score(hidden[before], targets, 1.0, chunk)
    (scores.logprobs.sum() + 0.3 * scores.entropy.sum()).backward()
    return {name: p.grad.clone() for name, p in policy.named_parameters() if p.grad is not None}


def test_chunks_and_recomputation_leave_the_gradient_as_it_is(
    policy: LanguagePolicy, monkeypatch: pytest.MonkeyPatch
) -> None:
    # all logits of the model, none cut off, so that the two sizes below mean the same
    monkeypatch.setattr(policy, "vocab", policy.model.get_output_embeddings().weight.shape[0])
    whole = gradients(policy, 10_000)
    pieces = gradients(policy, 7)
    calls = []
    checkpoint = torch.utils.checkpoint.checkpoint
    monkeypatch.setattr(torch.utils.checkpoint, "checkpoint", lambda *a, **k: calls.append(1) or checkpoint(*a, **k))
    monkeypatch.setattr(policy, "vocab", 1 << 24)  # so many that every chunk is computed again in the backward pass
    recomputed = gradients(policy, 7)
    assert len(calls) == 6
    assert whole.keys() == pieces.keys() == recomputed.keys()
    for name, gradient in whole.items():
        torch.testing.assert_close(pieces[name], gradient, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(recomputed[name], gradient, atol=1e-4, rtol=1e-4)


def test_values_are_those_of_a_linear_head_and_need_one(policy: LanguagePolicy) -> None:
    assert policy.value_head is not None
    hidden = torch.randn(5, 48)
    linear = policy.value_head.linear
    torch.testing.assert_close(policy.values(hidden), hidden @ linear.weight[0] + linear.bias)
    with pytest.raises(ModelError, match="no value head; algo=ppo"):
        make_policy().values(hidden)


def test_a_new_value_head_says_zero_and_the_policy_is_not_changed_by_it() -> None:
    with_head = new_tiny_policy(SHAPE, TEXTS, 0, value_head=True)
    without = new_tiny_policy(SHAPE, TEXTS, 0, value_head=False)
    rows = sequences(9)
    assert torch.equal(with_head.values(packed(with_head, rows)[0]), torch.zeros(9))
    assert torch.equal(packed(with_head, rows)[0], packed(without, rows)[0])


def test_a_seed_decides_the_initial_weights_and_disturbs_no_other_random_numbers() -> None:
    torch.manual_seed(5)
    one = make_policy(seed=1)
    drawn = torch.rand(1)
    torch.manual_seed(5)
    assert torch.equal(drawn, torch.rand(1))
    same, other = make_policy(seed=1), make_policy(seed=2)
    weights = [next(p.model.parameters()) for p in (one, same, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_a_frozen_copy_keeps_its_own_weights() -> None:
    policy = make_policy(value_head=True)
    twin = policy.frozen_copy()
    rows = sequences(9)
    before = packed(twin, rows)[0]
    assert torch.equal(before, packed(policy, rows)[0])
    with torch.no_grad():
        for parameter in policy.parameters():
            parameter.add_(0.1)
    assert torch.equal(before, packed(twin, rows)[0])
    assert not any(parameter.requires_grad for parameter in twin.parameters())
    assert all(parameter.requires_grad for parameter in policy.parameters())
    assert policy.value_head is not None
    assert twin.value_head is None


def test_logits_of_ids_that_no_token_has_are_cut_off() -> None:
    policy = make_policy()
    assert policy.model.get_output_embeddings().weight.shape[0] > len(policy.tokenizer) == policy.vocab
    assert policy.logits(torch.randn(3, 48)).shape == (3, policy.vocab)


def test_saving_and_loading_is_exact_to_the_bit(tmp_path: Path) -> None:
    policy = make_policy(value_head=True, seed=3)
    policy.save(tmp_path)
    loaded = load_policy(tmp_path, value_head=True)
    ours, theirs = policy.state_dict(), loaded.state_dict()
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not torch.equal(ours[name], theirs[name])] == []
    rows = sequences(20)
    assert torch.equal(packed(policy, rows)[0], packed(loaded, rows)[0])
    assert loaded.tokenizer.chat_template == CHATML
    assert loaded.chat.stop_ids == policy.chat.stop_ids
    assert loaded.chat.start("s", "hello 12") == policy.chat.start("s", "hello 12")
    assert not loaded.training


def test_a_policy_loads_without_its_value_head_and_gets_a_new_one(tmp_path: Path) -> None:
    make_policy(value_head=True).save(tmp_path / "with")
    make_policy().save(tmp_path / "without")
    assert load_policy(tmp_path / "with").value_head is None
    new = load_policy(tmp_path / "without", value_head=True).value_head
    assert new is not None
    assert not new.linear.weight.any()


def test_the_saved_folder_is_plain_hugging_face(tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    policy = make_policy()
    policy.save(tmp_path)
    model = AutoModelForCausalLM.from_pretrained(tmp_path)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    ids = tokenizer("hello world", return_tensors="pt").input_ids
    with torch.no_grad():
        hidden, _ = policy.packed_hidden(ids.tolist())
        torch.testing.assert_close(model(ids).logits[0, :, : policy.vocab], policy.logits(hidden), atol=1e-4, rtol=0)


def broken_model(folder: Path, what: str) -> Path:
    if what == "missing":
        return folder / "nowhere"
    if what == "file":
        (folder / "file").write_text("hello")
        return folder / "file"
    if what == "empty":
        return folder
    make_policy().save(folder)
    file = folder / {"half-written": "model.safetensors", "no json": "config.json"}.get(what, "tokenizer.json")
    if what == "no tokenizer":
        for name in ("tokenizer.json", "tokenizer_config.json"):
            (folder / name).unlink()
    else:
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    return folder


@pytest.mark.parametrize("what", ["missing", "file", "empty", "half-written", "no json", "half a tokenizer"])
def test_what_cannot_be_loaded_is_a_model_error_with_its_path(tmp_path: Path, what: str) -> None:
    path = broken_model(tmp_path, what)
    with pytest.raises(ModelError) as caught:
        load_policy(path)
    message = str(caught.value)
    assert message.startswith(f"model_name_or_path={path}: ")
    assert "\n" not in message


def test_a_half_written_value_head_is_a_model_error(tmp_path: Path) -> None:
    make_policy(value_head=True).save(tmp_path)
    file = tmp_path / "value_head.safetensors"
    file.write_bytes(file.read_bytes()[:-20])
    with pytest.raises(ModelError, match=r"model_name_or_path=.*: value_head\.safetensors cannot be read"):
        load_policy(tmp_path, value_head=True)


def without_template(folder: Path) -> Path:
    policy = make_policy()
    policy.tokenizer.chat_template = None
    policy.save(folder)
    return folder


def test_a_tokenizer_without_template_is_a_model_error_that_names_the_way_out(tmp_path: Path) -> None:
    folder = without_template(tmp_path)
    with pytest.raises(ModelError, match=r"model_name_or_path=.*no chat template.*template=chatml"):
        load_policy(folder)
    assert load_policy(folder, template="chatml").chat.append_only


def test_a_template_file_is_used_and_a_missing_one_is_told(tmp_path: Path) -> None:
    folder = without_template(tmp_path / "model")
    file = tmp_path / "mine.jinja"
    file.write_text(CHATML.replace("assistant", "robot"))
    policy = load_policy(folder, template=str(file))
    assert policy.tokenizer.decode(policy.chat.start("", "hi")).endswith("<|im_start|>robot\n")
    with pytest.raises(ModelError, match=r"template=.*other\.jinja: cannot be read"):
        load_policy(folder, template=str(tmp_path / "other.jinja"))


def foreign_model(folder: Path) -> int:
    """A model whose tokenizer knows no ChatML marks; returns the size of its vocabulary."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

    core: Any = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    core.train_from_iterator(
        TEXTS, trainers.BpeTrainer(vocab_size=280, special_tokens=["</s>"], initial_alphabet=alphabet)
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, eos_token="</s>")
    shape = SHAPE.model_dump(exclude={"vocab_size"})
    torch.manual_seed(0)
    model = Qwen3ForCausalLM(Qwen3Config(vocab_size=len(tokenizer), eos_token_id=0, tie_word_embeddings=True, **shape))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return len(tokenizer)


def test_chatml_on_a_tokenizer_without_its_marks_adds_them_to_the_vocabulary(tmp_path: Path) -> None:
    size = foreign_model(tmp_path / "model")
    policy = load_policy(tmp_path / "model", template="chatml")
    assert policy.vocab == size + 2 == policy.model.get_input_embeddings().weight.shape[0]
    end = policy.tokenizer.convert_tokens_to_ids("<|im_end|>")
    assert policy.chat.stop_ids == (end, 0)
    start = policy.chat.start("", "hello")
    assert policy.tokenizer.decode(start) == "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n"
    assert max(start) >= size
    assert packed(policy, [list(start)])[0].shape == (len(start), 48)
    policy.save(tmp_path / "saved")
    assert load_policy(tmp_path / "saved").chat.start("", "hello") == start


SMALL = {"vocab_size": 320, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
ATTENDING = SMALL | {"intermediate_size": 64, "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 64}


def saved_model(folder: Path, config: Any) -> Path:
    transformers.AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    make_policy().tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (transformers.Gemma2Config(**ATTENDING), "needs capped logits in its attention"),
        (transformers.GptOssConfig(**ATTENDING, num_local_experts=2, num_experts_per_tok=1), "needs sinks"),
        (transformers.BloomConfig(vocab_size=320, hidden_size=32, n_layer=2, n_head=4), "BloomForCausalLM cannot be"),
        (transformers.MambaConfig(vocab_size=320, hidden_size=32, num_hidden_layers=2, state_size=4), "MambaForCausal"),
    ],
)
def test_a_model_whose_log_probs_would_be_wrong_is_refused(tmp_path: Path, config: Any, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        load_policy(saved_model(tmp_path, config))


@pytest.mark.parametrize("window", [None, 16])
def test_the_context_ends_where_a_sliding_window_would_begin_to_forget(tmp_path: Path, window: int | None) -> None:
    policy = load_policy(saved_model(tmp_path, transformers.MistralConfig(**ATTENDING, sliding_window=window)))
    assert policy.max_context == (window or 64)
    rows = sequences(policy.max_context, 9)
    with torch.no_grad():
        hidden, _ = policy.packed_hidden(rows)
    torch.testing.assert_close(hidden, torch.cat(plain_hidden(policy, rows)), rtol=1e-4, atol=1e-5)
