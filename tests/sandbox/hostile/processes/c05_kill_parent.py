"""Case 5: signals to the parent process, to process 1 and to a process of the trainer's user.

Attacks: the fork server, which is the program's parent or grandparent.
Must hold: the fork server lives on and serves the next run.
"""

import json
import os
import signal

with open("target.json") as file:
    target = json.load(file)
for victim in (target["bystander"], 1, os.getppid()):
    for number in (signal.SIGTERM, signal.SIGKILL):
        if victim == 1 and target["unconfined"]:
            continue  # that would be the machine's own
        try:
            os.kill(victim, number)
        except OSError as error:
            print("refused:", type(error).__name__)
print("done")
