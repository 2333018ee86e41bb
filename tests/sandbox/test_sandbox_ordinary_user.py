"""The tiers as an ordinary user, who has no capability at all."""

import json
import os
from pathlib import Path

import pytest
from sandbox_elsewhere import interpreter_for_all, run_elsewhere

SCRIPT = """
import asyncio, json, os, sys
from agentrl.errors import SandboxError
from agentrl.sandbox import Limits, open_sandbox
try:
    sandbox = open_sandbox(isolation=sys.argv[1], workers=1)
except SandboxError as error:
    print(json.dumps({"refused": str(error)}))
    sys.exit()
told = {"tier": sandbox.tier, "user": os.getuid()}
for name, program in json.loads(sys.argv[2]).items():
    result = sandbox.run(program, limits=Limits(wall_seconds=2, memory_mb=100))
    told[name] = [result.status, result.stdout]

async def cancel():
    run = asyncio.create_task(sandbox.arun("import time; time.sleep(30)", limits=Limits(wall_seconds=30)))
    await asyncio.sleep(0.3)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)

asyncio.run(cancel())
sandbox.close()
told["left"] = [name for name in os.listdir("/tmp") if f"-{os.getpid()}-" in name]
print(json.dumps(told))
"""
HOARD = "import os\nfor _ in range(6):\n if os.fork() == 0: x = bytearray(60 << 20); __import__('time').sleep(9)\n"
PROGRAMS = {
    "plain": "print(6 * 7)",
    "secret": "try: print(open('/proc/1/environ').read())\nexcept OSError: print('refused')",
    "loop": "while True: pass",
    "one": "bytearray(1 << 30)",
    "many": f"{HOARD}import time; time.sleep(9)",
    "bomb": "import os\nwhile True:\n try: os.fork()\n except OSError: pass",
    "files": "import os\nopen('x', 'w').write('x')",
    "last": "import os; print(os.listdir('.'))",
}


@pytest.mark.skipif(os.geteuid() != 0 or interpreter_for_all() is None, reason="only root can become another user")
@pytest.mark.parametrize("isolation", ["auto", "namespaces", "lockdown", "none"])
def test_the_limits_hold_for_an_ordinary_user(isolation: str, tmp_path: Path) -> None:
    told = json.loads(run_elsewhere(tmp_path, SCRIPT, isolation, json.dumps(PROGRAMS), user="65534"))
    if "refused" in told:
        pytest.skip(told["refused"])
    assert told["user"] == 65534
    assert told["plain"] == ["ok", "42\n"]
    assert told["loop"][0] == "timeout"
    assert told["one"][0] == "memory"
    assert told["last"] == ["ok", "[]\n"]
    assert told["left"] == []
    if told["tier"] != "lockdown":
        assert told["many"][0] == "memory"
        assert told["bomb"][0] in ("timeout", "killed")
    if told["tier"] != "none":
        assert told["secret"] in (["ok", "\n"], ["ok", "refused\n"])


@pytest.mark.skipif(os.geteuid() != 0 or interpreter_for_all() is None, reason="only root can become another user")
def test_an_ordinary_user_is_told_what_the_container_tier_needs(tmp_path: Path) -> None:
    told = json.loads(run_elsewhere(tmp_path, SCRIPT, "container", "{}", user="65534"))
    assert "capabilities" in told["refused"]
