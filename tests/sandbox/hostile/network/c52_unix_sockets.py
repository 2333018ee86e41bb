"""Case 52: unix sockets of the machine, with an abstract name and with a path.

Attacks: services that trust whoever can reach them; abstract names have no file permissions.
Must hold: neither can be reached, by streams or by datagrams.
"""

import json
import socket

with open("target.json") as file:
    target = json.load(file)
for name in ("\0" + target["abstract"], target["unix"]):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        try:
            with socket.socket(socket.AF_UNIX, kind) as connection:
                connection.settimeout(0.3)
                connection.connect(name)
                print("ESCAPED:connected", connection.recv(100))
        except OSError as error:
            print("refused:", type(error).__name__)
try:
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    left.sendto(b"hello", "\0" + target["abstract_datagram"])
    print("ESCAPED:sent")
except OSError as error:
    print("refused:", type(error).__name__)
