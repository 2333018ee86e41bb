"""Case 54: ptrace and reading another process's memory by system call.

Attacks: the supervisor, the fork server, any process of the same user.
Must hold: every one of these calls is refused.
"""

import ctypes
import json
import os

ATTACH, DETACH = 16, 17
with open("target.json") as file:
    target = json.load(file)
libc = ctypes.CDLL(None, use_errno=True)
for process in (target["bystander"], os.getppid(), 1):
    if libc.ptrace(ATTACH, process, None, None) == 0:
        print("ESCAPED:attached", process)
        os.waitpid(process, 0x40000000)
        libc.ptrace(DETACH, process, None, None)
    if process == target["bystander"]:
        local = ctypes.create_string_buffer(64)
        vectors = (ctypes.c_size_t * 4)(ctypes.addressof(local), 64, target["bystander_address"], 64)
        place = ctypes.addressof(vectors)
        if libc.process_vm_readv(process, ctypes.c_void_p(place), 1, ctypes.c_void_p(place + 16), 1, 0) > 0:
            print("ESCAPED:read", local.raw)
