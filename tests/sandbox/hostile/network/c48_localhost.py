"""Case 48: a service of the machine on localhost.

Attacks: the trainer's own servers: inference, dashboards, data bases.
Must hold: it cannot be reached by any address of the machine.
"""

import contextlib
import json
import socket

with open("target.json") as file:
    port = json.load(file)["tcp"]
for address in ("127.0.0.1", "::1", "localhost", "0.0.0.0", "127.1.2.3", "::ffff:127.0.0.1"):
    try:
        with socket.create_connection((address, port), 0.3) as connection:
            print("ESCAPED:connected", address, connection.recv(100))
    except OSError as error:
        print("refused:", type(error).__name__)
with contextlib.suppress(OSError), socket.create_server(("0.0.0.0", 0)) as server:
    print("listening on", server.getsockname())
