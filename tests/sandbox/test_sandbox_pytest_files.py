"""`grade_pytest`: test files in pytest's and unittest's style, against a solution in another process."""

import contextlib
from typing import Any

import pytest

from agentrl.errors import SandboxError, TaskFileError
from agentrl.sandbox import Limits, Report, Sandbox, Status, grade_pytest

QUICK = Limits(wall_seconds=3)
BANK = b"""
class InsufficientFunds(Exception):
    def __init__(self, missing):
        super().__init__(f"{missing} are missing")
        self.missing = missing

class Account:
    count = 0
    def __init__(self, owner, balance=0):
        self.owner, self.balance = owner, balance
        self.moves = []
        Account.count += 1
    @property
    def rich(self): return self.balance > 100
    @classmethod
    def opened(cls): return cls("new")
    def deposit(self, amount):
        if amount <= 0: raise ValueError("amount must be positive")
        self.balance += amount
        self.moves.append(amount)
    def pay(self, amount):
        if amount > self.balance: raise InsufficientFunds(amount - self.balance)
        self.balance -= amount
    def transfer(self, other, amount):
        self.pay(amount); other.deposit(amount)
    def __eq__(self, other): return isinstance(other, Account) and self.balance == other.balance
    def __lt__(self, other): return self.balance < other.balance
    def __hash__(self): return hash(self.balance)
    def __len__(self): return len(self.moves)
    def __iter__(self): return iter(self.moves)
    def __getitem__(self, place): return self.moves[place]
    def __setitem__(self, place, value): self.moves[place] = value
    def __add__(self, other): return Account("both", self.balance + getattr(other, "balance", other))
    def __repr__(self): return f"Account({self.balance})"
    def __enter__(self): return self
    def __exit__(self, *unused): self.balance = -1

class Countdown:
    def __init__(self, start): self.left = start
    def __iter__(self): return Steps(self.left)
class Steps:
    def __init__(self, left): self.left = left
    def __iter__(self): return self
    def __next__(self):
        if not self.left: raise StopIteration
        self.left -= 1
        return self.left

RATE = 0.05
def interest(account): return account.balance * RATE
def numbers(n):
    for i in range(n): yield i
def adder(n): return lambda x: x + n
def sort(xs): xs.sort()
def boom(): raise KeyError("k")
def total(accounts): return sum(one.balance for one in accounts)
"""
TESTS = """
import copy
import itertools

import pytest

import bank
from bank import Account, InsufficientFunds, interest, numbers


@pytest.fixture
def account():
    return Account("Ann", 100)


@pytest.fixture(scope="module")
def log():
    seen = []
    yield seen
    seen.append("end")


@pytest.fixture(autouse=True)
def noted(log):
    log.append("test")


def test_attributes(account):
    assert (account.owner, account.balance, account.rich) == ("Ann", 100, False)
    account.balance = 200
    assert account.rich is True
    assert not hasattr(account, "missing")
    assert Account.opened().owner == "new"


def test_methods_change_it(account):
    account.deposit(50)
    assert account.balance == 150
    assert list(account) == [50]
    assert 50 in account and 51 not in account
    assert (len(account), account[0]) == (1, 50)
    account[0] = 7
    assert account.moves == [7]


def test_objects_as_arguments(account):
    other = Account("Bob")
    account.transfer(other, 30)
    assert (account.balance, other.balance) == (70, 30)
    assert bank.total([account, other]) == 100
    assert interest(account) == pytest.approx(3.5)


def test_operators(account):
    assert account == Account("x", 100)
    assert account != Account("x", 1)
    assert Account("x", 1) < account
    assert (account + Account("x", 1)).balance == 101
    assert (account + 5).balance == 105
    assert account in [Account("x", 100)]
    assert len({account, Account("y", 100)}) == 1
    assert repr(account) == "Account(100)"
    assert isinstance(account, Account) and not isinstance(account, int)
    assert copy.deepcopy(account) is not account
    with account as same:
        assert same is account
    assert account.balance == -1


def test_exceptions(account):
    with pytest.raises(InsufficientFunds, match="50 are missing") as caught:
        account.pay(150)
    assert caught.value.missing == 50
    with pytest.raises(ValueError, match="positive"):
        account.deposit(0)
    with pytest.raises(LookupError):
        bank.boom()
    pytest.raises(KeyError, bank.boom)


def test_iterators_and_functions():
    assert list(numbers(3)) == [0, 1, 2]
    assert list(itertools.islice(numbers(10 ** 9), 2)) == [0, 1]
    assert list(bank.Countdown(3)) == [2, 1, 0]
    assert bank.adder(2)(3) == 5
    assert bank.interest.__name__ == "interest"
    assert bank.RATE == 0.05


@pytest.mark.parametrize("n, expected", [(0, []), (1, [0]), pytest.param(2, [0, 1], id="two")])
@pytest.mark.parametrize("twice", [False, True])
def test_cases(n, expected, twice):
    assert list(numbers(n)) * (1 + twice) == expected * (1 + twice)


@pytest.mark.parametrize("n", range(4))
def test_computed_cases(n):
    assert len(list(numbers(n))) == n


class TestClass:
    def setup_method(self):
        self.account = Account("Cid", 5)

    def test_set_up(self):
        assert self.account.balance == 5

    @pytest.mark.usefixtures("account")
    def test_log(self, log):
        assert log.count("test") > 10
"""
UNIT = """
import unittest
from bank import Account

class Things(unittest.TestCase):
    @classmethod
    def setUpClass(cls): cls.start = 7
    def setUp(self): self.account = Account("Dan", self.start)
    def test_equal(self): self.assertEqual(self.account.balance, 7)
    def test_raises(self):
        with self.assertRaises(ValueError): self.account.deposit(-1)
    def test_wrong(self): self.assertEqual(self.account.balance, 8)
"""


def passed(report: Report) -> list[bool]:
    return [outcome.passed for outcome in report.outcomes]


@pytest.mark.parametrize("isolate", [True, False])
def test_what_tests_commonly_do(sandbox: Sandbox, isolate: bool) -> None:
    report = grade_pytest(sandbox, {"bank.py": BANK}, {"test_bank.py": TESTS}, isolate=isolate)
    assert [outcome.error for outcome in report.outcomes if not outcome.passed] == []
    assert len(report.outcomes) == 15
    assert report.isolated is isolate


@pytest.mark.parametrize("isolate", [True, False])
def test_unittest_classes(grader: Sandbox, isolate: bool) -> None:
    report = grade_pytest(grader, {"bank.py": BANK}, {"test_unit.py": UNIT}, isolate=isolate)
    assert passed(report) == [True, True, False]
    assert "7 != 8" in report.outcomes[2].error


def test_a_failed_assert_shows_both_sides(grader: Sandbox) -> None:
    tests = "from m import f\n\ndef test_a():\n    x = f(2)\n    assert x == 5\n"
    (outcome,) = grade_pytest(grader, {"m.py": b"def f(x): return 2 * x"}, {"test_a.py": tests}).outcomes
    assert outcome.error == "test_a.py:5: assert x == 5\nAssertionError: 4 == 5 does not hold"


def test_an_exception_is_told_with_the_lines_of_the_solution(grader: Sandbox) -> None:
    files = {
        "m.py": b"from helper import g\ndef f(x):\n    return g(x)\n",
        "helper.py": b"def g(x):\n    return 1 / x\n",
    }
    (outcome,) = grade_pytest(grader, files, {"test_a.py": "from m import f\ndef test_a(): f(0)"}).outcomes
    assert outcome.error.splitlines() == [
        "m.py, line 3, in f: return g(x)",
        "helper.py, line 2, in g: return 1 / x",
        "ZeroDivisionError: division by zero",
    ]


def test_packages_conftest_and_helper_files(namespaces: Sandbox) -> None:
    files = {"pkg/__init__.py": b"from pkg.core import f", "pkg/core.py": b"def f(): return 1", "loose/a.py": b"x = 2"}
    tests = {
        "conftest.py": "import pytest\n@pytest.fixture\ndef one(): return 1",
        "helpers.py": "def check(x): assert x == 1",
        "test_a.py": "import pkg.core\nfrom pkg import core, f\nfrom loose import a\nfrom helpers import check\n"
        "def test_a(one):\n    check(f())\n    assert core.f() == pkg.core.f() == one\n    assert a.x == 2",
    }
    report = grade_pytest(namespaces, files, tests, modules=("pkg", "loose"))
    assert report.all_passed, report


@pytest.mark.parametrize("isolate", [True, False])
def test_hostile_files_are_dropped_and_reported(grader: Sandbox, isolate: bool) -> None:
    files = {
        "m.py": b"def f(): return 0",
        "conftest.py": b"import os; os._exit(0)",
        "sitecustomize.py": b"import os; os._exit(0)",
        "json.py": b"1/0",
        "test_a.py": b"def test_a(): pass",
        "pytest.py": b"",
    }
    report = grade_pytest(
        grader, files, {"test_a.py": "from m import f\ndef test_a(): assert f() == 1"}, isolate=isolate
    )
    assert passed(report) == [False]
    assert report.dropped == ("conftest.py", "sitecustomize.py", "json.py", "test_a.py", "pytest.py")
    assert "left out: conftest.py" in report.message


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b"def f(:", "SyntaxError"),
        (b"1 / 0", "ZeroDivisionError"),
        (b"x = 1", "cannot import name 'f'"),
        (b"import os; os._exit(0)", "ended"),
        (b"import sys; sys.exit(0)", "SystemExit"),
    ],
)
@pytest.mark.parametrize("isolate", [True, False])
def test_a_solution_that_does_not_load_passes_nothing(
    grader: Sandbox, source: bytes, words: str, isolate: bool
) -> None:
    tests = "from m import f\ndef test_a(): pass\ndef test_b(): pass"
    report = grade_pytest(grader, {"m.py": source}, {"test_a.py": tests}, isolate=isolate)
    assert passed(report) == [False, False]
    assert words in report.outcomes[0].error


@pytest.mark.parametrize("isolate", [True, False])
@pytest.mark.parametrize("test_seconds", [None, 0.4])
def test_an_endless_test_keeps_the_tests_before_it(grader: Sandbox, isolate: bool, test_seconds: float | None) -> None:
    files = {"m.py": b"def f(n):\n    while n == 1: pass\n    return n"}
    tests = "from m import f\n" + "".join(f"def test_{n}(): assert f({n}) == {n}\n" for n in range(3))
    limits = Limits(wall_seconds=1 if test_seconds is None else 5)
    report = grade_pytest(grader, files, {"test_a.py": tests}, limits, isolate=isolate, test_seconds=test_seconds)
    assert passed(report) == [True, False, False]
    assert [outcome.timed_out for outcome in report.outcomes] == [False, True, False]
    assert [outcome.status for outcome in report.outcomes] == [Status.OK, Status.TIMEOUT, None]
    assert report.status is Status.TIMEOUT


def test_a_skipped_test_is_no_pass(grader: Sandbox) -> None:
    tests = (
        "import pytest\nfrom m import f\n@pytest.mark.skipif(True, reason='x')\ndef test_a(): pass\n"
        "def test_b(): pytest.skip('y')\n@pytest.mark.skip\ndef test_c(): pass\ndef test_d(): f()"
    )
    report = grade_pytest(grader, {"m.py": b"def f(): pass"}, {"test_a.py": tests})
    assert passed(report) == [False, False, True]
    assert "skipped" in report.outcomes[0].error


@pytest.mark.parametrize("in_place", [False, True])
def test_changes_of_arguments_arrive_when_asked_for(grader: Sandbox, in_place: bool) -> None:
    tests = "from bank import sort\ndef test_a():\n    xs = [3, 1, 2]\n    sort(xs)\n    assert xs == [1, 2, 3]"
    assert grade_pytest(grader, {"bank.py": BANK}, {"test_a.py": tests}, in_place=in_place).all_passed is in_place


@pytest.mark.parametrize(
    "body",
    [
        "f(lambda: 1)",
        "f(object())",
        "m.x = 3",
        "import pytest\n    with pytest.raises(Exception): f(object())",
        "import pytest\n    with pytest.raises(Exception): odd()",
    ],
)
def test_what_cannot_cross_fails_and_is_no_expected_exception(grader: Sandbox, body: str) -> None:
    tests = f"import m\nfrom m import f, odd\ndef test_a():\n    {body}"
    files = {"m.py": b"x = 1\ndef f(x): pass\ndef odd(): return object()"}
    assert not grade_pytest(grader, files, {"test_a.py": tests}).all_passed


def test_errors_of_the_task_and_of_the_machinery_are_no_zeros(grader: Sandbox) -> None:
    with pytest.raises(TaskFileError, match="capsys"):
        grade_pytest(grader, {}, {"test_a.py": "def test_a(capsys): pass"})

    class Broken:
        tier = "namespaces"

        def run(self, *arguments: Any, **keywords: Any) -> Any:
            raise SandboxError("broken")

        def place(self) -> Any:
            return contextlib.nullcontext()

    with pytest.raises(SandboxError):
        grade_pytest(Broken(), {}, {"test_a.py": "def test_a(): pass"})  # type: ignore[arg-type]


FUNCTION_TESTS = """
import math
import pytest
from m import f

def test_equal(): assert f(2) == 1111111110
def test_near(): assert abs(f(2) - 1111111110) < 1e-3
def test_approx(): assert f(2) == pytest.approx(1111111110)
def test_close(): assert math.isclose(f(2), 1111111110)
def test_order(): assert 1111111109 < f(2) < 1111111111
def test_in(): assert f(2) in (1111111110, 7)
def test_contains(): assert 1111111110 in f(2)
def test_method(): assert f(2).startswith("abc")
def test_items(): assert f(2)[0] == 1111111110
def test_text(): assert str(f(2)) == "1111111110"
def test_type(): assert isinstance(f(2), int) and f(2) > 5
def test_raises():
    with pytest.raises(ZeroDivisionError): f(0)
"""
YES = """
class Yes:
    def __init__(self, *unused): pass
    def __getattr__(self, name): return lambda *unused: True
    def __call__(self, *unused): return Yes()
    def __eq__(self, other): return True
    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__
    def __hash__(self): return hash(1111111110)
    def __sub__(self, other): return 0.0
    __rsub__ = __add__ = __radd__ = __mod__ = __rmod__ = __sub__
    def __abs__(self): return 0.0
    __float__ = __abs__
    def __round__(self, n=0): return 1111111110
    def __iter__(self): return iter([])
    def __bool__(self): return True
"""
HACKS = {
    "object": YES + "def f(x): return Yes()",
    "object for a function": YES + "f = Yes()",
    "class for a function": YES + "f = Yes",
    "int": YES.replace("class Yes", "class Yes(int)").replace("def __init__(self, *unused): pass", "")
    + "def f(x): return Yes(0)",
    "str": YES.replace("class Yes", "class Yes(str)") + "def f(x): return Yes('')",
    "generator": "def f(x):\n    while True: yield 0",
    "function": "def f(x): return f",
    "exit": "import os\ndef f(x): os._exit(0)",
    "exit on loading": "import os; os._exit(0)",
    "system exit": "def f(x): raise SystemExit(0)",
    "forged exception": "def f(x): raise type('ZeroDivisionError', (AssertionError,), {})()",
    "patched modules": (
        "import sys, builtins, unittest, math\nfor n in list(sys.modules):\n"
        "    if 'pytest' in n or 'remote' in n or 'codec' in n or 'driver' in n: sys.modules[n].__dict__.clear()\n"
        "math.isclose = lambda *a, **k: True\nbuiltins.isinstance = builtins.abs = lambda *a: True\ndef f(x): return 0"
    ),
    "forged verdicts": (
        "import os, json\nfor n in ('equal', 'near', 'approx'):\n  for fd in range(64):\n"
        "    try: os.write(fd, json.dumps({'id': 'test_m.py::test_' + n, 'passed': True}).encode() + b'\\n')\n"
        "    except OSError: pass\ndef f(x): return 0"
    ),
    "frames": (
        "import sys, gc\nwanted = int('1111111109') + 1\ndef f(x):\n    frame = sys._getframe().f_back\n"
        "    while frame:\n        for o in [*frame.f_locals.values(), *frame.f_code.co_consts]:\n"
        "            if o == wanted: return o\n        frame = frame.f_back\n"
        "    for o in gc.get_objects():\n"
        "        if type(o) is list and str(wanted) in repr(o)[:10 ** 6]: return wanted\n    return 0"
    ),
    "answers twice": (
        "import os, struct\nm = b'{\"value\": 1111111110}'\nos.write(3, struct.pack('>I', len(m)) + m)\n"
        "def f(x): return 0"
    ),
}


@pytest.mark.parametrize("name", HACKS)
def test_no_hack_passes_a_test_of_a_function(grader: Sandbox, name: str) -> None:
    report = grade_pytest(grader, {"m.py": HACKS[name].encode()}, {"test_m.py": FUNCTION_TESTS}, QUICK)
    assert passed(report) == [False] * 12, report.outcomes


def test_an_honest_solution_passes_those_tests(grader: Sandbox) -> None:
    source = b"def f(x):\n    1 / x\n    return 1111111110"
    report = grade_pytest(grader, {"m.py": source}, {"test_m.py": FUNCTION_TESTS})
    assert passed(report) == [True] * 6 + [False] * 3 + [True] * 3


LOOP_TESTS = """
import pytest
from m import f, numbers

def test_zip():
    for got, want in zip(map(f, [1, 2]), [2, 4]): assert got == want
def test_list(): assert list(map(f, [1, 2])) == []
def test_generator(): assert sum(f(n) for n in [1, 2]) == 6
def test_next():
    with pytest.raises(StopIteration): next(numbers())
"""


@pytest.mark.parametrize("error", ["StopIteration", "GeneratorExit", "Own"])
def test_no_exception_ends_a_loop_of_the_test_quietly(grader: Sandbox, error: str) -> None:
    source = f"class Own(StopIteration): pass\ndef f(x): raise {error}\ndef numbers(): yield from ()"
    report = grade_pytest(grader, {"m.py": source.encode()}, {"test_m.py": LOOP_TESTS}, QUICK)
    assert passed(report) == [False, False, False, True]


@pytest.mark.parametrize("statement", ["import numpy as np", "np = __import__('numpy')"])
@pytest.mark.parametrize("modules", [None, ["m"]])
def test_a_solution_cannot_supply_what_tests_check_with(
    grader: Sandbox, statement: str, modules: list[str] | None
) -> None:
    tests = f"from m import f\ndef test_a():\n    {statement}\n    np.assert_close(f(1), 2)"
    files = {"m.py": b"def f(x): return 0", "numpy.py": b"def assert_close(*unused): pass"}
    if statement.startswith("import"):
        with pytest.raises(TaskFileError, match="numpy"):
            grade_pytest(grader, files, {"test_m.py": tests}, modules=modules)
    else:
        assert passed(grade_pytest(grader, files, {"test_m.py": tests}, modules=modules)) == [False]


CLASS_HACK = YES + "\ndef f(x): return Yes()"
CLASS_TESTS = (
    FUNCTION_TESTS.replace("from m import f", "from m import Yes, f")
    .replace("def test_method(): assert f(2).startswith('abc')\n", "")
    .replace("def test_method", "def helper")
)


def test_not_even_an_object_of_a_class_that_tests_import_equals_data(grader: Sandbox) -> None:
    report = grade_pytest(grader, {"m.py": CLASS_HACK.encode()}, {"test_m.py": CLASS_TESTS}, QUICK)
    assert passed(report) == [False] * 11, report.outcomes


@pytest.mark.parametrize(
    "source",
    [
        "import os; os._exit(0)",
        "import sys; sys.exit(0)",
        "import os\nos.execv('/bin/true', ['true'])",
        "import os, json\nfor fd in range(64):\n  for n in ('equal', 'near', 'approx', 'close', 'order', 'in'):\n"
        "    try: os.write(fd, json.dumps({'id': 'test_m.py::test_' + n, 'passed': True}).encode() + b'\\n')\n"
        "    except OSError: pass\nos._exit(0)",
        "import pytest, sys\nsys.modules['pytest'].approx = sys.modules['pytest'].raises = None\ndef f(x): return 0",
        "import atexit, os\natexit.register(lambda: os.write(1, b'{}'))\ndef f(x): return 0",
        "import os, json\nfor n in ('equal', 'near', 'approx', 'close'):\n  for fd in range(64):\n"
        "    try: os.write(fd, json.dumps({'id': 'test_m.py::test_' + n, 'passed': True}).encode() + b'\\n')\n"
        "    except OSError: pass\ndef f(x): return 0",
    ],
)
def test_in_one_process_plain_hacks_fail_too(grader: Sandbox, source: str) -> None:
    report = grade_pytest(grader, {"m.py": source.encode()}, {"test_m.py": FUNCTION_TESTS}, QUICK, isolate=False)
    assert not any(passed(report))
