"""Named algorithms as rows of one table: credit x ratio x clip x aggregation. None of them is a class of its own."""

import math
from dataclasses import dataclass
from typing import Literal

from agentrl.config.schema import AlgorithmConfig, SamplingConfig

AdvantageName = Literal["group_relative", "group_mean", "leave_one_out", "reinforce_pp", "gae"]


@dataclass(frozen=True, slots=True)
class Preset:
    """The four choices, and whether groups without information are replaced."""

    advantage: AdvantageName
    loss: Literal["clip", "cispo"] = "clip"
    ratio_level: Literal["token", "sequence"] = "token"
    clip_range: float = 0.2
    clip_range_high: float = 0.2
    aggregate: Literal["token", "trajectory", "constant"] = "token"
    dynamic_sampling: bool = False

    @property
    def critic(self) -> bool:
        """Whether a value head is learned."""
        return self.advantage == "gae"


PRESETS: dict[str, Preset] = {
    # Shao et al. 2024, arXiv 2402.03300: every response counts the same
    "grpo": Preset("group_relative", aggregate="trajectory"),
    # Liu et al. 2025, arXiv 2503.20783: neither the std nor the length biases the gradient
    "dr_grpo": Preset("group_mean", aggregate="constant"),
    # Yu et al. 2025, arXiv 2503.14476: clip-higher, token mean, no constant groups
    "dapo": Preset("group_relative", clip_range_high=0.28, dynamic_sampling=True),
    # Zheng et al. 2025, arXiv 2507.18071: one ratio per response, hence the narrow clip
    "gspo": Preset(
        "group_relative", ratio_level="sequence", clip_range=3e-4, clip_range_high=4e-4, aggregate="trajectory"
    ),
    # MiniMax-M1 2025, arXiv 2506.13585: no lower limit
    "cispo": Preset("group_relative", loss="cispo", clip_range=1.0, clip_range_high=2.0),
    # Ahmadian et al. 2024, arXiv 2402.14740: REINFORCE with the other samples as baseline; nothing is clipped
    "rloo": Preset("leave_one_out", clip_range=math.inf, clip_range_high=math.inf, aggregate="constant"),
    # Hu et al. 2025, arXiv 2501.03262
    "reinforce_pp": Preset("reinforce_pp"),
    # Schulman et al. 2017, arXiv 1707.06347, with a critic and GAE over turns
    "ppo": Preset("gae"),
}


ALGORITHMS = tuple(PRESETS)
"""What `algo` may name."""


def resolve_preset(config: AlgorithmConfig) -> Preset:
    """The preset of `config.algo`, with every key that the configuration sets in place of the preset's."""
    preset = PRESETS[config.algo]
    symmetric = config.clip_range if preset.clip_range == preset.clip_range_high else None
    dynamic = config.dynamic_sampling if isinstance(config, SamplingConfig) else None
    return Preset(
        advantage=config.advantage or preset.advantage,
        loss=config.loss or preset.loss,
        ratio_level=config.ratio_level or preset.ratio_level,
        clip_range=config.clip_range or preset.clip_range,
        clip_range_high=config.clip_range_high or symmetric or preset.clip_range_high,
        aggregate=config.aggregate or preset.aggregate,
        dynamic_sampling=preset.dynamic_sampling if dynamic is None else dynamic,
    )
