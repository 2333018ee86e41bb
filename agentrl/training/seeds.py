"""Seeds: every random number of a run follows from its seed, the purpose and the place, never from what came before.

So nothing has to be saved to resume a run, and episodes are the same whatever ran at the same time.
"""

import numpy as np

COLD_START, TASKS, SAMPLING, SHUFFLE, EVALUATION = range(5)
TEST_OFFSET = 1 << 31
"""Training tasks have seeds below it, held-out tasks from it on."""


def derive(*path: int) -> int:
    """A 63-bit number that follows from `path`."""
    return int(np.random.SeedSequence(path).generate_state(1, np.uint64)[0] >> np.uint64(1))


def task_seed(seed: int, *path: int) -> int:
    """The seed of a training task."""
    return derive(seed, *path) % TEST_OFFSET


def held_out_seed(index: int) -> int:
    """The seed of the held-out task with this index; the same tasks for every run."""
    return TEST_OFFSET + derive(EVALUATION, index) % TEST_OFFSET
