"""Settings of the process that every model in it shares: threads, float32 precision, the allocator.

`configure` is called once, before the first model is made. On a CPU it decides by measurement: oneDNN's "medium"
float32 path is twice as fast as the default where the processor computes it in float32 anyway (AMD with AVX-512), and
silently rounds to bfloat16 where the processor has AMX. So it is taken only when a probe shows that it is exact.
"""

import contextlib
import ctypes
import gc
import os
import warnings
from collections.abc import Iterator
from typing import Any

_MALLOC = {"M_TRIM_THRESHOLD": (-1, 1 << 30), "M_MMAP_THRESHOLD": (-3, 1 << 30)}
_EXACT_RMS = 1e-6


def configure(threads: int = 1) -> None:
    """Set threads, matmul precision and allocator of this process.

    `threads`: torch threads; 0 takes all cores. One is the default because two spinning OpenMP threads collapse on a
    machine that does anything else at the same time.
    """
    import torch

    torch.set_num_threads(threads or os.cpu_count() or 1)
    _keep_freed_memory()
    if not torch.cuda.is_available():
        torch.set_float32_matmul_precision("medium")
        if not _is_exact():
            torch.set_float32_matmul_precision("highest")


def _keep_freed_memory() -> None:
    """Let glibc keep large freed blocks: returning activations to the kernel each step costs up to a third."""
    with contextlib.suppress(OSError, AttributeError):  # another libc: nothing to set
        libc = ctypes.CDLL("libc.so.6")
        for parameter, value in _MALLOC.values():
            libc.mallopt(parameter, value)


def _is_exact() -> bool:
    """Whether a float32 product has float32 accuracy under the present setting."""
    import torch

    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(256, 256, generator=generator) for _ in range(2))
    exact = left.double() @ right.double()
    error = (left @ right - exact).square().mean().sqrt() / exact.square().mean().sqrt()
    return bool(error < _EXACT_RMS)


@contextlib.contextmanager
def ieee_matmul() -> Iterator[None]:
    """Run small batched products through the BLAS path: oneDNN would copy their strided operands first."""
    import torch

    mkldnn: Any = torch.backends.mkldnn  # its type stub lacks `matmul`
    matmul = mkldnn.matmul
    before = matmul.fp32_precision
    if before == "ieee" or before == "none":
        yield
        return
    matmul.fp32_precision = "ieee"
    try:
        yield
    finally:
        matmul.fp32_precision = before


def collect_garbage_rarely() -> None:
    """For a process that makes small objects by the million: what it has imported is looked through no more, and the
    rest once in 50,000 new objects (some 10 MB) instead of 700. A scripted dialogue costs 11 % less so.
    """
    gc.freeze()
    gc.set_threshold(50_000)


def quiet_libraries() -> None:
    """Keep transformers from printing advice that is meant for its own trainer."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    warnings.filterwarnings("ignore", category=FutureWarning, module="torch")
    from transformers.utils import logging

    logging.disable_progress_bar()  # of every saved and loaded file; downloads still show theirs
