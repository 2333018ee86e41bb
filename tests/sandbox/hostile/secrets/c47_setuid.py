"""Case 47: programs that become root by their setuid bit: the machine's, and one's own.

Attacks: the machine, by the privileges of others.
Must hold: no program that is started gains a privilege.
"""

import contextlib
import glob
import os
import shutil
import subprocess

with contextlib.suppress(OSError):
    print(subprocess.run(["/usr/bin/su", "-c", "id"], capture_output=True, stdin=subprocess.DEVNULL, timeout=1))
with contextlib.suppress(OSError, subprocess.TimeoutExpired):
    shutil.copy("/usr/bin/id", "own")
    os.chmod("own", 0o6755)
    print(subprocess.run(["./own"], capture_output=True, timeout=1))
with contextlib.suppress(OSError, subprocess.TimeoutExpired):
    os.mkdir("here")
    for path in glob.glob("/usr/bin/*mount"):
        if subprocess.run([path, "-t", "tmpfs", "x", "here"], capture_output=True, timeout=1).returncode == 0:
            print("ESCAPED:mounted")
            subprocess.run(["/usr/bin/umount", "here"], timeout=1)
with contextlib.suppress(OSError):
    os.setuid(0)
    print("ESCAPED:setuid uid=0(root)")
