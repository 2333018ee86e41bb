"""Case 38: /etc/shadow, keys under a home directory, the docker socket, the tree of control groups.

Attacks: the machine's passwords and its other ways in.
Must hold: none can be read or written.
"""

import contextlib
import glob
import os
import socket

paths = ["/etc/shadow", "/etc/gshadow", "/root/.ssh", "/root/.bashrc", "/etc/ssh/sshd_config", "/var/log/dpkg.log"]
paths += ["/etc/hostname", "/etc/resolv.conf", *glob.glob("/home/*/.ssh/*")]
for path in paths:
    with contextlib.suppress(OSError):
        if os.path.isdir(path):
            print("ESCAPED:listed", path, os.listdir(path))
        else:
            with open(path, "rb") as file:
                print("ESCAPED:read", path, len(file.read(10)))
for path in ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock"):
    with contextlib.suppress(OSError):
        socket.socket(socket.AF_UNIX).connect(path)
        print("ESCAPED:connected", path)
for place in [*glob.glob("/sys/fs/cgroup/*"), "/sys/fs/cgroup"]:
    with contextlib.suppress(OSError):
        os.mkdir(place + "/agentrl-hostile")
        print("ESCAPED:control group", place)
        os.rmdir(place + "/agentrl-hostile")
for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/sys/kernel/uevent_helper"):
    with contextlib.suppress(OSError), open(path, "r+b"):
        print("ESCAPED:opened for writing", path)
