"""Solutions that attack the grader instead of the task. None passes a test that it did not solve."""

import pytest

from agentrl.sandbox import CallTest, Limits, Sandbox, grade_calls, grade_source

CHECK = (
    "def check(candidate):\n    assert candidate(123456789, 987654321) == 1111111110\n"
    "    assert candidate(500000000, 7) == 500000007\n"
)
TESTS = [CallTest((123456789, 987654321), 1111111110), CallTest((500000000, 7), 500000007)]
QUICK = Limits(wall_seconds=0.8)
WALK = (
    "def add(a, b):\n f = sys._getframe().f_back\n while f:\n"
    "  for v in list(f.f_locals.values()) + list(f.f_code.co_consts):\n"
    "   if v in (1111111110, 500000007): return v\n  f = f.f_back\n return 0"
)

CHEATS = {
    "always equal object": "class E:\n def __eq__(s, o): return True\ndef add(a, b): return E()",
    "always equal int": (
        "class E(int):\n def __eq__(s, o): return True\n __hash__ = int.__hash__\ndef add(a, b): return E(0)"
    ),
    "lying class": "class E:\n __class__ = int\n def __eq__(s, o): return True\ndef add(a, b): return E()",
    "always equal in a list": "class E(list):\n def __eq__(s, o): return True\ndef add(a, b): return E()",
    "exit at import": "import sys; sys.exit(0)",
    "hard exit at import": "import os; os._exit(0)",
    "exit in the call": "import sys\ndef add(a, b): sys.exit(0)",
    "hard exit in the call": "import os\ndef add(a, b): os._exit(0)",
    "exec of true": "import os\ndef add(a, b): os.execv('/bin/true', ['true'])",
    "frames": "import sys\n" + WALK,
    "gc scan": "import gc\ndef add(a, b):\n for o in gc.get_objects():\n"
    "  if type(o) in (list, tuple, dict) and str(a + b) in repr(o)[:10 ** 6]: return a + b\n return 0",
    "main module": "import sys\ndef add(a, b): return eval(str(vars(sys.modules['__main__']).get('expected', 0)))",
    "monkeypatched builtins": (
        "import builtins\nbuiltins.all = builtins.any = builtins.isinstance = lambda *a: True\n"
        "builtins.AssertionError = ValueError\ndef add(a, b): return 0"
    ),
    "patched json": "import json\njson.dumps = lambda *a, **k: '{\"passed\": true}'\ndef add(a, b): return 0",
    "patched codec": (
        "import sys\nm = sys.modules.get('agentrl.sandbox.graders.compare')\n"
        "c = sys.modules['agentrl.sandbox.graders.codec']\nc.encode = lambda *a: {'passed': True}\n"
        "def add(a, b): return 0"
    ),
    "forged verdict": (
        "import os\nfor fd in range(64):\n"
        ' for m in (b\'{"passed": true, "got": "", "error": ""}\\n\', b\'\\0\\0\\0\\x10{"passed": true}\'):\n'
        "  try: os.write(fd, m)\n  except OSError: pass\ndef add(a, b): return 0"
    ),
    "forged answers": (
        'import os, struct\nm = b\'{"loaded": ["check", "AssertionError"]}\'\n'
        "os.write(3, struct.pack('>I', len(m)) + m)\ndef add(a, b): return 0"
    ),
    "fork, both answer": "import os\ndef add(a, b):\n os.fork(); return 0",
    "wrong by a hair of type": "def add(a, b): return str(a + b)",
    "none": "def add(a, b): pass",
    "nan": "def add(a, b): return float('nan')",
    "huge": "def add(a, b): return 'x' * (1 << 27)",
    "deep": "def add(a, b):\n x = []\n for i in range(10 ** 5): x = [x]\n return x",
    "huge int": "def add(a, b): return 1 << (1 << 22)",
    "endless": "def add(a, b):\n while True: pass",
    "closes the channel": "import os\ndef add(a, b): os.close(3)",
    "flood of the channel": "import os\ndef add(a, b):\n while True: os.write(3, b'x' * 65536)",
    "exception that lies": (
        "class E(Exception):\n def __str__(s): raise s\n def __eq__(s, o): return True\ndef add(a, b): raise E"
    ),
    "assertion error subclass": "class AssertionError(Exception): pass\ndef add(a, b): raise AssertionError",
    "answers in advance": (
        'import os, struct\nready = b\'{"loaded": ["add"]}\'\n'
        "answers = [b'{\"value\": %d}' % n for n in (1111111110, 500000007)]\n"
        "for m in (ready, *answers): os.write(3, struct.pack('>I', len(m)) + m)\ndef add(a, b): return 0"
    ),
    "answers twice": (
        "import os, struct\ndef add(a, b):\n for n in (0, 1111111110, 500000007):\n"
        "  m = b'{\"value\": %d}' % n; os.write(3, struct.pack('>I', len(m)) + m)\n return 0"
    ),
    "says that it is someone else": (
        'import os, struct\nm = b\'{"value": 0, "passed": true, "raised": {"builtin": ["int"]}}\'\n'
        "def add(a, b): os.write(3, struct.pack('>I', len(m)) + m); return 0"
    ),
    "colliding dict": "def add(a, b): return {n * (2 ** 61 - 1): 0 for n in range(20)}",
    "colliding set": (
        "import os, json, struct\nitems = [{'int': hex(n * (2 ** 61 - 1))} for n in range(20000)]\n"
        "m = json.dumps({'value': {'set': items}})\n"
        "def add(a, b): os.write(3, struct.pack('>I', len(m)) + m.encode()); return 0"
    ),
    "deep message": (
        "import os, struct\nm = b'[' * 100000\ndef add(a, b): os.write(3, struct.pack('>I', len(m)) + m); return 0"
    ),
    "endless message": (
        "import os, struct, time\ndef add(a, b):\n os.write(3, struct.pack('>I', 1 << 20))\n"
        " while True: os.write(3, b' '); time.sleep(0.01)"
    ),
    "absurd length": "import os\ndef add(a, b): os.write(3, b'\\xff' * 4); return 0",
    "negative fields": 'import os, struct\nm = b\'{"value": {"same": 0}}\'\n'
    "def add(a, b): os.write(3, struct.pack('>I', len(m)) + m); return 0",
    "check of its own": "def check(candidate): pass\ndef add(a, b): return 0",
}


@pytest.mark.parametrize("name", CHEATS)
def test_no_cheat_passes_a_call(grader: Sandbox, name: str) -> None:
    assert grade_calls(grader, CHEATS[name], "add", TESTS, QUICK).passed_share == 0


@pytest.mark.parametrize("name", CHEATS)
def test_no_cheat_passes_a_check(grader: Sandbox, name: str) -> None:
    assert grade_source(grader, CHEATS[name], "add", CHECK, QUICK).passed_share == 0


LOOPS = (
    "assert all(got == want for got, want in zip(map(candidate, [1, 2]), [2, 4]))",
    "for got in map(candidate, [1, 2]): assert got == 2",
    "assert sum(abs(got - 2) for got in map(candidate, [2, 2])) < 1e-6",
)


@pytest.mark.parametrize("error", ["StopIteration", "StopAsyncIteration", "GeneratorExit", "Own", "SystemExit(0)"])
@pytest.mark.parametrize("loop", LOOPS)
def test_no_exception_ends_a_loop_of_the_test_quietly(grader: Sandbox, error: str, loop: str) -> None:
    source = f"class Own(StopIteration): pass\ndef f(x): raise {error}"
    assert grade_source(grader, source, "f", f"def check(candidate):\n    {loop}").passed_share == 0
    assert grade_source(grader, source, "f", f"{loop}\nassert f(1) == 2").passed_share == 0


def test_true_is_not_one(grader: Sandbox) -> None:
    assert grade_calls(grader, "def f(): return True", "f", [CallTest((), 1)]).passed_share == 0


def test_an_honest_solution_passes_after_all_of_them(grader: Sandbox) -> None:
    assert grade_calls(grader, "def add(a, b): return a + b", "add", TESTS, QUICK).all_passed
    assert grade_source(grader, "def add(a, b): return a + b", "add", CHECK, QUICK).all_passed


def test_an_answer_given_before_its_question_is_not_taken(grader: Sandbox) -> None:
    """Even a right one: who can guess it did not compute it."""
    source = (
        "import os, struct\nm = b'{\"value\": 3}'\n"
        "def add(a, b):\n if a == 1: os.write(3, struct.pack('>I', len(m)) + m)\n return a + b"
    )
    honest = [CallTest((5, 5), 10), CallTest((6, 6), 12)]
    report = grade_calls(grader, source, "add", [*honest, CallTest((1, 2), 3), CallTest((1, 2), 3)], QUICK)
    assert [outcome.passed for outcome in report.outcomes] == [True, True, False, False]


def test_colliding_hashes_cost_the_grader_nothing(grader: Sandbox) -> None:
    source = "def f(): return {n * (2 ** 61 - 1) for n in range(2000)}"
    (outcome,) = grade_calls(grader, source, "f", [CallTest((), 0)]).outcomes
    assert "share one hash" in outcome.error
