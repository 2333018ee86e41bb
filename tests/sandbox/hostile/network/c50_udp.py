"""Case 50: UDP: a service of the machine, a broadcast, a name server.

Attacks: exfiltration by datagrams and by names.
Must hold: no datagram leaves.
"""

import json
import socket

with open("target.json") as file:
    port = json.load(file)["udp"]
for address in (("127.0.0.1", port), ("127.255.255.255", port)):
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.settimeout(0.3)
            sender.sendto(b"hello", address)
            print("ESCAPED:answered", sender.recv(100))
    except OSError as error:
        print("refused:", type(error).__name__)
try:
    print("ESCAPED:resolved", socket.getaddrinfo("example.org", 80))
except OSError as error:
    print("refused:", type(error).__name__)
