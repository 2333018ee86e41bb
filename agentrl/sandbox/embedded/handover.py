"""Descriptors that the trusted side makes for a run."""

import os
from collections.abc import Iterable


def two_pipes() -> tuple[int, int, int, int]:
    """(read, write, read, write): two pipes, or OSError and none."""
    first = os.pipe()
    try:
        return (*first, *os.pipe())
    except OSError:
        for descriptor in first:
            os.close(descriptor)
        raise


def memory_file(parts: Iterable[bytes]) -> int:
    """An anonymous file with these contents. The zygote passes it on unread."""
    descriptor = os.memfd_create("agentrl", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as file:
            for part in parts:
                file.write(part)
        os.lseek(descriptor, 0, os.SEEK_SET)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
