"""Case 51: the metadata service of cloud machines, 169.254.169.254.

Attacks: the machine's credentials.
Must hold: no connection can be made.
"""

import socket

for address in (("169.254.169.254", 80), ("fd00:ec2::254", 80)):
    try:
        with socket.create_connection(address, 0.3) as connection:
            connection.sendall(b"GET /latest/meta-data/ HTTP/1.0\r\n\r\n")
            print("ESCAPED:connected", connection.recv(1000))
    except OSError as error:
        print("refused:", type(error).__name__)
