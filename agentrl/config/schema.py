"""The settings of a training run: one flat YAML file, one model, every key with its meaning.

Key names are the field's (LLaMA-Factory, TRL). Those of stages that do not exist here (`stage`, `dataset`,
`finetuning_type`, `per_device_train_batch_size`) are errors, as every unknown key is. `None` means "what the
algorithm's preset says" where a docstring says so.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Positive = Field(gt=0)


class Section(BaseModel):
    """A model that rejects unknown keys, so that a typo is an error and not a default."""

    model_config = ConfigDict(extra="forbid", validate_default=True, use_attribute_docstrings=True)


class TinyModelConfig(Section):
    """The embedded default policy: a Qwen3-style transformer that the run initialises itself."""

    vocab_size: int = Field(1024, ge=300)
    """Size of the byte-level BPE vocabulary, trained on the environment's own text."""
    hidden_size: int = Field(128, gt=0)
    """Width of the residual stream."""
    intermediate_size: int = Field(320, gt=0)
    """Width of the feed-forward layers."""
    num_hidden_layers: int = Field(3, gt=0)
    """Number of transformer blocks."""
    num_attention_heads: int = Field(4, gt=0)
    """Number of query heads."""
    num_key_value_heads: int = Field(2, gt=0)
    """Number of key and value heads (grouped-query attention when smaller)."""
    head_dim: int = Field(32, gt=0)
    """Width of one head; 32 or 64 suit every engine."""
    max_position_embeddings: int = Field(2048, gt=0)
    """Longest context, in tokens."""


class EnvironmentConfig(Section):
    """What is played."""

    env: str = "code_sandbox"
    """A built-in name, package.module:Class, ./file.py:Class, gymnasium:ID, pettingzoo:module, or a registered name."""
    env_args: dict[str, Any] = Field(default_factory=dict)
    """Keyword arguments of the environment's constructor, e.g. `env_args.task_file=PATH`."""
    trainable_seats: list[str] | None = None
    """With several seats, those that learn; the environment's expert plays the others, or else the policy, without a
    gradient. None: what the environment says (`trainable_seats`), which is all unless it says something."""
    concurrency: int = Field(64, gt=0)
    """Episodes in flight at once."""
    env_threads: int = Field(4, gt=0)
    """Threads that run `reset` and `step`, so that generation never waits for a slow step."""
    env_timeout: float = Field(300.0, gt=0)
    """Seconds that one `reset` or `step` may take before the episode is FAILED."""
    max_retries: int = Field(1, ge=0)
    """How often a FAILED episode is played again."""
    max_failed_share: float = Field(0.25, ge=0, le=1)
    """The run stops when more than this share of a step's episodes FAILED in spite of the retries."""


class ModelConfig(Section):
    """Which policy learns."""

    model_name_or_path: str | None = None
    """A Hugging Face causal LM by id or path; without it, the tiny policy of `tiny`."""
    template: str | None = None
    """Chat template: `chatml`, or the path of a Jinja file; None: the tokenizer's own."""
    tiny: TinyModelConfig = TinyModelConfig()
    """The shape of the tiny policy."""
    max_context: int = Field(768, gt=0)
    """Longest conversation in tokens; an episode that would exceed it is TRUNCATED."""
    threads: int = Field(1, ge=0)
    """Torch threads of this process; 0 takes all cores."""


class ColdStartConfig(Section):
    """The fine-tuning on the expert's trajectories that comes before RL."""

    cold_start_episodes: int = Field(4000, ge=0)
    """Expert episodes to learn from; 0 turns the cold start off."""
    cold_start_env_args: dict[str, Any] = Field(default_factory=dict)
    """Arguments of the environment that differ while the expert plays, e.g. easier tasks than those of RL."""
    cold_start_epochs: int = Field(2, gt=0)
    """Passes over them."""
    cold_start_learning_rate: float | None = Field(None, gt=0)
    """Peak learning rate, with warm-up and cosine decay; None: 3e-3 for the tiny policy (which is
    fine-tuned with Muon), 1e-5 for a given model (AdamW)."""
    cold_start_batch_size: int = Field(4, gt=0)
    """Trajectories per optimiser step."""
    cold_start_cache: bool = True
    """Keep the cold-started policy under ~/.cache/agentrl, by content: the next run need not fine-tune."""


class SamplingConfig(Section):
    """How the policy explores."""

    num_groups: int = Field(16, gt=0)
    """Tasks per step."""
    group_size: int = Field(8, gt=0)
    """Episodes per task; they share task and seed, and are each other's baseline."""
    temperature: float = Field(1.0, gt=0)
    """Sampling temperature at the first step; the log-probs of the loss use the same one."""
    temperature_end: float | None = Field(None, gt=0)
    """Temperature at the last step, reached linearly; None keeps it constant."""
    max_new_tokens: int = Field(128, gt=0)
    """Longest action in tokens."""
    dynamic_sampling: bool | None = None
    """Replace groups in which all episodes got the same reward (DAPO); None: the preset's."""
    dynamic_sampling_max_factor: float = Field(3.0, ge=1)
    """Play at most this many times `num_groups` groups per step while replacing."""
    diversity_coef: float = Field(0.0, ge=0)
    """Weight of a bonus for actions unlike those of the same group (mean Jaccard distance of token bigrams)."""


class AlgorithmConfig(Section):
    """Credit, ratio, clip, aggregation: four independent choices, preset by `algo`."""

    algo: str = "grpo"
    """grpo, dr_grpo, dapo, gspo, cispo, rloo, reinforce_pp or ppo."""
    advantage: Literal["group_relative", "group_mean", "leave_one_out", "reinforce_pp", "gae"] | None = None
    """The credit function; None: the preset's."""
    loss: Literal["clip", "cispo"] | None = None
    """The policy loss; None: the preset's."""
    ratio_level: Literal["token", "sequence"] | None = None
    """Whether a probability ratio belongs to a token (PPO) or to a whole sequence (GSPO); None: the preset's."""
    clip_range: float | None = Field(None, gt=0)
    """How far below 1 a ratio may fall before its gradient is cut; None: the preset's."""
    clip_range_high: float | None = Field(None, gt=0)
    """How far above 1 a ratio may rise (clip-higher when larger than `clip_range`); None: the preset's."""
    aggregate: Literal["token", "trajectory", "constant"] | None = None
    """Average over tokens, over trajectories, or divide by a constant length; None: the preset's."""
    gamma: float = Field(1.0, ge=0, le=1)
    """Discount per turn, not per token."""
    lam: float = Field(0.95, ge=0, le=1)
    """Lambda of generalised advantage estimation, per turn."""
    reward_mode: Literal["shaped", "terminal"] = "shaped"
    """Use the rewards where the environment gave them, or their sum at the last turn only."""
    ppo_epochs: int = Field(1, gt=0)
    """Passes over the episodes of a step."""
    num_minibatches: int = Field(4, gt=0)
    """Optimiser steps per pass."""
    vf_coef: float = Field(0.5, ge=0)
    """Weight of the value loss (ppo)."""
    cliprange_value: float = Field(0.2, gt=0)
    """How far a value may move from its old estimate before its gradient is cut (ppo)."""
    entropy_coef: float = 0.0
    """Weight of the entropy bonus."""
    init_kl_coef: float = Field(0.0, ge=0)
    """Weight of the KL divergence to the reference policy at the start; 0 keeps no reference model."""
    kl_controller: Literal["fixed", "adaptive"] = "fixed"
    """Keep the weight, or steer it so that the KL per trajectory stays near `target_kl` (Ziegler et al. 2019)."""
    kl_in: Literal["reward", "loss"] = "loss"
    """Subtract the KL from the reward of each turn, or add it to the loss."""
    kl_estimator: Literal["k1", "k2", "k3"] = "k3"
    """Schulman's estimators of the KL from samples."""
    target_kl: float | None = Field(None, gt=0)
    """Nats per trajectory: the adaptive controller's aim, and the update's epochs stop when the KL between the
    sampling policy and the updated one exceeds it. None: neither."""
    kl_monitor: bool = True
    """Measure the KL to the initial policy on part of each step even when its weight is 0; keeps a copy of it."""
    truncated_is_cap: float = Field(2.0, gt=0)
    """Cap of the importance weight between the sampler's and the learner's log-probs, used where they differ; it has no
    effect with the embedded engine, where they are the same."""


class OptimizerConfig(Section):
    """How the weights move."""

    optimizer: Literal["adamw", "muon"] | None = None
    """AdamW, or Muon for the matrices of the blocks, at 20/3 of `learning_rate`, and AdamW for the rest; None: Muon for
    the tiny policy, AdamW for a given model."""
    learning_rate: float | None = Field(None, gt=0)
    """Peak learning rate of AdamW; None: 2e-4 for the tiny policy, 1e-6 for a given model."""
    lr_scheduler_type: Literal["constant", "linear", "cosine"] = "constant"
    """Decay after the warm-up."""
    warmup_steps: int = Field(5, ge=0)
    """Optimiser steps of linear warm-up."""
    weight_decay: float = Field(0.0, ge=0)
    """Decoupled weight decay, on matrices only."""
    max_grad_norm: float = Field(1.0, gt=0)
    """Gradients are scaled down to this norm."""
    micro_batch_tokens: int = Field(2048, gt=0)
    """Tokens per forward pass; gradients accumulate over a mini-batch's micro-batches."""
    logprob_chunk: int = Field(1024, gt=0)
    """Positions per chunk of logits, so that the vocabulary never sets the memory."""


class RunConfig(Section):
    """How long, where to, and how often."""

    max_steps: int = Field(40, ge=0)
    """Training steps; each collects `num_groups` x `group_size` episodes and updates the policy."""
    seed: int = Field(0, ge=0)
    """Seed of everything: tasks, sampling, initial weights."""
    output_dir: str = "runs"
    """Runs are written to `output_dir/run_name`."""
    run_name: str | None = None
    """Name of the run; None: environment, algorithm and the time."""
    save_steps: int = Field(20, gt=0)
    """Steps between checkpoints."""
    save_total_limit: int = Field(2, gt=0)
    """Checkpoints kept; the last is always among them."""
    eval_steps: int = Field(0, ge=0)
    """Steps between evaluations on held-out tasks; 0: only before and after training."""
    eval_episodes: int = Field(256, ge=0)
    """Held-out episodes per evaluation; 0: no evaluation."""
    eval_temperature: float = Field(1.0, ge=0)
    """Sampling temperature of evaluations; 0 is greedy."""
    log_episodes: int = Field(16, ge=0)
    """Episodes per step that are written to `episodes/`."""


class TrainConfig(
    EnvironmentConfig,
    ModelConfig,
    ColdStartConfig,
    SamplingConfig,
    AlgorithmConfig,
    OptimizerConfig,
    RunConfig,
):
    """All settings of `agentrl train`."""
