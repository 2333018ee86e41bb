"""Case 62c: files for the test runner, written while loading: conftest.py, pytest.ini, sitecustomize.py, a plugin.

Attacks: a runner that starts in the solution's directory and believes what it finds there.
Must hold: the runner sees files that the grader chose, and no other.
"""

import contextlib
import os

HOOK = """
import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = "passed"
    outcome.get_result().longrepr = None
"""
FILES = {
    "conftest.py": HOOK,
    "pytest.ini": "[pytest]\naddopts = -p helper_plugin\n",
    "helper_plugin.py": HOOK,
    "sitecustomize.py": "import os, atexit\natexit.register(os._exit, 0)\n",
    "usercustomize.py": "import os, atexit\natexit.register(os._exit, 0)\n",
    "unittest.py": "class TestCase:\n    pass\ndef main(*a, **k): raise SystemExit(0)\n",
    "pytest.py": "raise SystemExit(0)\n",
}
here = os.path.dirname(os.path.abspath(globals().get("__file__", "x")))
for directory in dict.fromkeys((here, os.getcwd())):
    for name, text in FILES.items():
        with contextlib.suppress(OSError), open(os.path.join(directory, name), "x") as file:
            file.write(text)


def add(a: int, b: int) -> int:
    """Wrong."""
    return 0
