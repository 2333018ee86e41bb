"""Case 53: raw, packet, netlink and vsock sockets.

Attacks: the network's lower layers, and the host of a virtual machine (vsock has no namespace).
Must hold: none can be made.
"""

import socket

ICMP, EVERY_PACKET = 1, 0x300
kinds = {
    "raw": (socket.AF_INET, socket.SOCK_RAW, ICMP),
    "packet": (17, socket.SOCK_RAW, EVERY_PACKET),
    "netlink": (16, socket.SOCK_RAW, 0),
    "vsock": (40, socket.SOCK_STREAM, 0),
    "alg": (38, socket.SOCK_SEQPACKET, 0),
    "bluetooth": (31, socket.SOCK_RAW, 1),
    "key": (15, socket.SOCK_RAW, 2),
    "xdp": (44, socket.SOCK_RAW, 0),
}
for name, (family, kind, protocol) in kinds.items():
    try:
        socket.socket(family, kind, protocol)
        print("ESCAPED:made", name)
    except OSError as error:
        print("refused:", type(error).__name__)
