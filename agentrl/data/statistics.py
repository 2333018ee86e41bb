"""How varied a set of texts is: distinct n-grams, and the share of near-duplicates."""

import re
import zlib
from collections.abc import Sequence

import numpy as np

_WORD = re.compile(r"[\u4e00-\u9fff]|\w+|[^\w\s]")
_HASHES, _ROWS = 64, 4
_PRIME = (1 << 61) - 1
SIMILAR = 0.8
"""From this estimated Jaccard similarity of their 3-grams on, two texts are near-duplicates."""


def words(text: str) -> list[str]:
    """The words of a text in small letters; each Chinese character and each punctuation mark is one."""
    return _WORD.findall(text.lower())


def distinct_n(texts: Sequence[str], n: int) -> float:
    """The number of different n-grams over the number of all (Li et al. 2016, arXiv 1510.03055); 0 without any."""
    seen: set[tuple[str, ...]] = set()
    total = 0
    for text in texts:
        grams = _grams(words(text), n)
        seen.update(grams)
        total += len(grams)
    return len(seen) / total if total else 0.0


def near_duplicate_share(texts: Sequence[str]) -> float:
    """The share of texts that are near-duplicates of an earlier one, by MinHash with banding (Broder 1997).

    64 hashes in 16 bands of 4: pairs of similarity 0.8 are found with a probability of 0.9998.
    """
    rng = np.random.default_rng(0)
    factors, offsets = rng.integers(1, _PRIME, (2, _HASHES), dtype=np.uint64)
    bands: dict[tuple[int, bytes], list[int]] = {}
    signatures: list[np.ndarray] = []
    duplicates = 0
    for index, text in enumerate(texts):
        signature = _signature(text, factors, offsets)
        keys = [(row, signature[row : row + _ROWS].tobytes()) for row in range(0, _HASHES, _ROWS)]
        candidates = {other for key in keys for other in bands.get(key, ())}
        if any(float(np.mean(signatures[other] == signature)) >= SIMILAR for other in candidates):
            duplicates += 1
        else:  # a duplicate adds nothing that its original does not find
            for key in keys:
                bands.setdefault(key, []).append(index)
        signatures.append(signature)
    return duplicates / len(texts) if texts else 0.0


def _signature(text: str, factors: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The smallest of each hash over the text's 3-grams, (64,)."""
    grams = {zlib.crc32(" ".join(gram).encode()) for gram in _grams(words(text), 3)} or {zlib.crc32(text.encode())}
    hashed = np.fromiter(grams, np.uint64, len(grams))
    mixed: np.ndarray = (hashed[:, None] * factors + offsets) >> np.uint64(16)  # wraps around, as a hash may
    smallest: np.ndarray = mixed.min(axis=0)
    return smallest


def _grams(items: Sequence[str], n: int) -> list[tuple[str, ...]]:
    return list(zip(*(items[i:] for i in range(n)), strict=False))
