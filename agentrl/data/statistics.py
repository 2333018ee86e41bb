"""How varied a set of texts is: distinct n-grams, and the share of near-duplicates."""

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

_WORD = re.compile(r"[\u4e00-\u9fff]|\w+|[^\w\s]")
_HASHES, _ROWS = 64, 4
_PRIME = (1 << 61) - 1
_GRAM = 3
SIMILAR = 0.8
"""From this Jaccard similarity of their 3-grams on, two texts are near-duplicates."""
_Numbers = npt.NDArray[np.uint64]


def words(text: str) -> list[str]:
    """The words of a text in small letters; each Chinese character and each punctuation mark is one."""
    return _WORD.findall(text.lower())


def distinct_n(texts: Sequence[Sequence[str]], n: int) -> float:
    """The number of different n-grams over the number of all (Li et al. 2016, arXiv 1510.03055); 0 without any.

    `texts` are the words of each.
    """
    grams, _ = _grams(texts, n)
    return len(np.unique(grams)) / len(grams) if len(grams) else 0.0


def near_duplicate_share(texts: Sequence[Sequence[str]]) -> float:
    """The share of texts, given by their words, that are near-duplicates of an earlier one.

    Texts with a band of their MinHash signatures in common (Broder 1997), and half of all hashes, are compared: 64
    hashes in 16 bands of 4, so that of the pairs of similarity 0.8 a share of 0.9998 is found, and more of those that
    are more alike. What is compared is the exact similarity.
    """
    rng = np.random.default_rng(0)
    factors, offsets = rng.integers(1, _PRIME, (2, _HASHES), dtype=np.uint64)
    bands: dict[tuple[int, bytes], list[int]] = {}
    signatures = np.empty((len(texts), _HASHES), np.uint64)
    sets: list[frozenset[int]] = []
    duplicates = 0
    whole, counts = _grams([text if len(text) >= _GRAM else [*text, *[""] * _GRAM] for text in texts], _GRAM)
    for index, grams in enumerate(map(np.unique, np.split(whole, np.cumsum(counts)[:-1]) if texts else ())):
        hashed = factors[:, None] * grams  # wraps around, as a hash may
        hashed += offsets[:, None]
        signature = hashed.min(axis=1)
        keys = [(row, signature[row : row + _ROWS].tobytes()) for row in range(0, _HASHES, _ROWS)]
        found = np.array(sorted({other for key in keys for other in bands.get(key, ())}), np.intp)
        likely = found[(signatures[found] == signature).sum(axis=1) >= _HASHES // 2]
        sets.append(frozenset(grams.tolist()))
        signatures[index] = signature
        if any(_similar(sets[index], sets[other]) for other in likely):
            duplicates += 1
        else:  # a duplicate adds nothing that its original does not find
            for key in keys:
                bands.setdefault(key, []).append(index)
    return duplicates / len(texts) if texts else 0.0


def _similar(one: frozenset[int], other: frozenset[int]) -> bool:
    """Whether their Jaccard similarity is high enough; for most candidates their sizes tell that it isn't."""
    small, large = sorted((len(one), len(other)))
    if small < SIMILAR * large:
        return False
    common = len(one & other)
    return common >= SIMILAR * (small + large - common)


def _grams(texts: Sequence[Sequence[str]], n: int) -> tuple[_Numbers, npt.NDArray[np.intp]]:
    """The n-grams of all texts, one text after the other, as numbers; and how many each text has.

    Numbers are equal where the n-grams are, for up to 2**21 different words and n of up to 3.
    """
    numbers: dict[str, int] = {}
    ids = np.array([numbers.setdefault(word, len(numbers)) for text in texts for word in text], np.uint64)
    lengths = np.array([len(text) for text in texts], np.intp)
    ends = np.repeat(np.cumsum(lengths), lengths)
    count = max(0, len(ids) - n + 1)
    grams = ids[:count]
    for position in range(1, n):
        grams = (grams << np.uint64(21)) | ids[position : position + count]
    whole = np.arange(count) + n <= ends[:count]  # what does not run into the next text
    return grams[whole], np.maximum(lengths - (n - 1), 0)
