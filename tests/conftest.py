"""Settings of all tests."""

import os

# One thread for each process, before torch is imported: two spinning OpenMP threads collapse on a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")
