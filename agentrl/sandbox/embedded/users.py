"""User ids for programs that no one else has: claimed in blocks, one block per zygote."""

import os
import socket

IDS, SLOTS = 512, 256
"""A block has `IDS` ids, two for each of `SLOTS` runs at once: the program's and its keeper's."""
# Past what systemd, distributions and subordinate ids of rootless containers give out.
_FIRST, _LAST = 1_879_048_192, 2_147_400_000
_TRIES = 64


def claim() -> tuple[socket.socket, int]:
    """(what holds the claim, the first id of the block). It ends with the last copy of that descriptor.

    Blocks start at a random place, since the kernel counts an id's processes over all containers of a machine. Raises
    OSError when there is no free one.
    """
    first, last = _mapped()
    blocks = (last - first) // IDS
    start = int.from_bytes(os.urandom(4), "big")
    for attempt in range(min(_TRIES, blocks)):
        block = first + (start + attempt) % blocks * IDS
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            lock.bind(f"\0agentrl-users-{block}")
            return lock, block
        except OSError:
            lock.close()
    raise OSError("no free block of user ids")


def _mapped() -> tuple[int, int]:
    """The ids to take from: the usual ones, or the upper half of what a container has."""
    with open("/proc/self/uid_map") as file:
        ranges = [tuple(map(int, line.split())) for line in file]
    if any(first <= _FIRST and first + count > _LAST for first, _, count in ranges):
        return _FIRST, _LAST
    first, _, count = max(ranges, key=lambda entry: entry[2])
    if count < 4 * IDS:
        raise OSError(f"the user namespace maps too few ids ({count}) for programs to have their own")
    return first + count // 2, first + count
