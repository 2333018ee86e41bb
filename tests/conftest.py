"""Settings of all tests."""

import os
import signal

# One thread for each process, before torch is imported: two spinning OpenMP threads collapse on a busy machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # in a job in the background; the tests of Ctrl-C need it
    signal.signal(signal.SIGINT, signal.default_int_handler)
