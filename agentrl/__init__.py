"""Environments and trainers for language-model agents, one or several."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agentrl.training.api import TrainResult, train

__all__ = ["TrainResult", "__version__", "train"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import `train` on first use only: `import agentrl` must not load torch."""
    if name in ("train", "TrainResult"):
        from agentrl.training import api

        return getattr(api, name)
    raise AttributeError(f"module 'agentrl' has no attribute {name!r}")
