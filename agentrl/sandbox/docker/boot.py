"""What the container's main process is started with, and the first bytes that it reads: the server's own source.

So any image will do that has Python 3.11, and a changed agentrl never needs a new one.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any

HOUSE = "/run/agentrl"
"""Where the source lies in the container (a tmpfs that root alone may write)."""
_ROOM = Path(__file__).parent.parent

# Must be understood by any Python 3. The packages are made by hand, as in worker.py: they would import too much.
BOOT = f"""
import json, os, sys
if sys.version_info < (3, 11):
    sys.exit("the image has Python %d.%d, but the sandbox needs 3.11 or later" % sys.version_info[:2])
def take(size):
    data = b""
    while len(data) < size:
        part = os.read(0, size - len(data))
        if not part:
            os._exit(0)
        data += part
    return data
order = json.loads(take(int.from_bytes(take(8), "big")))
for name, text in order["sources"].items():
    path = os.path.join({HOUSE!r}, "agentrl", name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
for name in ("agentrl", "agentrl.sandbox", "agentrl.sandbox.docker"):
    package = type(sys)(name)
    package.__path__ = [os.path.join({HOUSE!r}, *name.split("."))]
    sys.modules[name] = package
from agentrl.sandbox.docker import server
server.main(**order["settings"])
"""
COMMAND = ["python3", "-P", "-s", "-S", "-u", "-X", "utf8", "-c", BOOT]


def order(settings: dict[str, Any]) -> bytes:
    """The bytes that the boot code reads; `settings` are the arguments of `server.main`."""
    text = json.dumps({"sources": _sources(), "settings": settings}).encode()
    return len(text).to_bytes(8, "big") + text


@cache
def _sources() -> dict[str, str]:
    """Name under agentrl/ -> source, of the modules that the server and the fork servers may import."""
    found = [_ROOM.parent / "errors.py", *_ROOM.rglob("*.py")]
    return {str(path.relative_to(_ROOM.parent)): path.read_text(encoding="utf-8") for path in found}
