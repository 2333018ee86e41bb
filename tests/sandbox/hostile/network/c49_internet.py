"""Case 49: TCP to the internet.

Attacks: exfiltration, downloads, and the policy's answers from elsewhere.
Must hold: no connection can be made.
"""

import socket

for address in (("1.1.1.1", 443), ("8.8.8.8", 53), ("2606:4700:4700::1111", 443)):
    try:
        socket.create_connection(address, 0.3)
        print("ESCAPED:connected", address)
    except OSError as error:
        print("refused:", type(error).__name__)
