"""Which tests a test file holds, and which files of a solution may lie beside it."""

import pytest

from agentrl.errors import TaskFileError
from agentrl.sandbox import Limits
from agentrl.sandbox.graders.admission import admit, modules_of
from agentrl.sandbox.graders.collecting import collect
from agentrl.sandbox.graders.imports import solution_modules

FULL = """
import pytest, unittest
from pytest import raises

@pytest.fixture
def numbers(): return [1]

@pytest.fixture(name="other", scope="module")
def make_other(numbers): return 2

def test_plain(numbers, other, default=3): pass

@pytest.mark.parametrize("a, b", [(1, 2), (3, 4)])
@pytest.mark.parametrize("c", (5, 6, 7))
def test_product(a, b, c): pass

@pytest.mark.parametrize("a", range(3))
def test_computed(a): pass

@pytest.mark.skip(reason="no")
def test_left_out(): pass

def helper(): pass

class TestThings:
    def test_one(self, numbers): pass
    def helper(self): pass

class TestMore(TestThings):
    def test_two(self): pass

class Base(unittest.TestCase):
    def setUp(self): pass
    def test_three(self): pass

class Other(Base):
    def test_four(self): pass

class Plain:
    def test_not_me(self): pass
"""


def test_tests_are_found_with_the_number_of_their_cases() -> None:
    cases = collect({"test_a.py": FULL, "conftest.py": "", "helpers.py": "def test_no(): pass"})
    assert [case.id.removeprefix("test_a.py::") for case in cases] == [
        "test_plain",
        *[f"test_product[{number}]" for number in range(6)],
        "test_computed",
        "TestThings::test_one",
        "TestMore::test_one",
        "TestMore::test_two",
        "Base::test_three",
        "Other::test_three",
        "Other::test_four",
    ]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def test_a(:", "not Python"),
        ("x = 1", "no test"),
        ("def test_a(capsys): pass", "no fixture 'capsys'"),
        ("async def test_a(): pass", "async"),
        ("import pytest\n@pytest.mark.xfail\ndef test_a(): pass", "no 'xfail'"),
        ("import pytest as pt\ndef test_a(): pt.importorskip('x')", "no 'importorskip'"),
        ("from pytest import MonkeyPatch\ndef test_a(): pass", "no 'MonkeyPatch'"),
        ("from _pytest.pytester import X\ndef test_a(): pass", "no 'X'"),
        ("import pytest\npytestmark = pytest.mark.skip\ndef test_a(): pass", "pytestmark"),
        ("if True:\n  def test_a(): pass\ndef test_b(): pass", "condition"),
        ("def test_a(): pass\ndef test_a(): pass", "twice"),
        ("class TestA:\n  def test_a(self): pass\n  def test_a(self): pass", "twice"),
        ("class TestA:\n  def __init__(self): pass\n  def test_a(self): pass", "__init__"),
        ("from x import Base\nclass TestA(Base):\n  def test_a(self): pass", "not in this file"),
        ("import pytest\n@pytest.mark.parametrize('a', [])\ndef test_a(a): pass", "never runs"),
        ("import pytest\n@pytest.fixture(params=[1])\ndef x(): pass\ndef test_a(x): pass", "no 'params'"),
        (
            "import pytest\n@pytest.mark.parametrize('a', [pytest.param(1, marks=[])])\ndef test_a(a): pass",
            "no 'marks'",
        ),
    ],
)
def test_what_is_not_supported_is_an_error_of_the_task(source: str, words: str) -> None:
    with pytest.raises(TaskFileError, match=words):
        collect({"test_a.py": source})


KEPT = ["stack.py", "pkg/__init__.py", "pkg/core.py", "data.txt", "my-notes.md"]
LEFT_OUT = [
    "conftest.py",
    "pkg/conftest.py",
    "pytest.ini",
    "tox.ini",
    "setup.cfg",
    "pyproject.toml",
    "sitecustomize.py",
    "usercustomize.py",
    "evil.pth",
    "__pycache__/stack.cpython-311.pyc",
    "x.so",
    "json.py",
    "random/__init__.py",
    "codecs.py",
    "unittest/case.py",
    "pytest.py",
    "_pytest/x.py",
    "agentrl/sandbox/graders/codec.py",
    "test_a.py",
    "test_a/__init__.py",
    "Test_A.py",
    "tests/helper.py",
    "../out.py",
    "/etc/passwd",
    "a//b.py",
    "./a.py",
    ".hidden",
    "sp ace.py",
    "nul\0.py",
    "new\nline.py",
    "é.py",
    "a" * 200 + ".py",
    "data.txt/inner.py",
    "",
]


def test_files_that_could_take_part_in_running_the_tests_are_left_out() -> None:
    tests = {"test_a.py": "", "tests/test_b.py": ""}
    kept, dropped = admit(dict.fromkeys([*KEPT, *LEFT_OUT], b"x"), tests, Limits(), flat=False)
    assert list(kept) == KEPT
    assert len(dropped) == len(LEFT_OUT)
    assert all(name.isprintable() for name in dropped)


def test_files_that_do_not_fit_are_left_out() -> None:
    files = {"a.py": b"x" * (1 << 19), "b.py": b"x" * (1 << 19), "c.py": b"x"}
    kept, dropped = admit(files, {}, Limits(disk_mb=1), flat=False)
    assert (list(kept), dropped) == (["a.py"], ("b.py", "c.py"))


def test_where_there_are_no_folders_files_in_them_are_left_out() -> None:
    kept, dropped = admit({"pkg/a.py": b"", "a.py": b""}, {}, Limits(), flat=True)
    assert (list(kept), dropped) == (["a.py"], ("pkg/a.py",))


def test_modules_have_dotted_names() -> None:
    assert modules_of(dict.fromkeys([*KEPT, "deep/er/x.py"], b"")) == [
        "deep",
        "deep.er",
        "deep.er.x",
        "pkg",
        "pkg.core",
        "stack",
    ]


@pytest.mark.parametrize(
    ("source", "named", "modules"),
    [
        ("import json, pytest, helper", None, []),
        ("import bank", None, ["bank"]),
        ("def test_a():\n    from bank.core import f\n    import xml.dom, bank", None, ["bank"]),
        ("from . import x", None, []),
        ("import bank, shop.tills", ["bank", "shop"], ["bank", "shop"]),
        ("x = 1", ["bank"], ["bank"]),
    ],
)
def test_tests_take_from_the_solution_what_it_is_expected_to_have(
    source: str, named: list[str] | None, modules: list[str]
) -> None:
    assert sorted(solution_modules({"test_a.py": source, "helper.py": "", "data.txt": "import"}, named)) == modules


@pytest.mark.parametrize(
    ("source", "named", "words"),
    [
        ("import bank\ndef test_a():\n    import numpy as np", None, "bank, numpy"),
        ("try: import numpy.testing\nexcept ImportError: pass", ["bank"], "numpy"),
        ("import agentrl", None, "agentrl"),
    ],
)
def test_an_import_that_only_a_hostile_solution_could_serve_is_an_error_of_the_task(
    source: str, named: list[str] | None, words: str
) -> None:
    with pytest.raises(TaskFileError, match=words):
        solution_modules({"test_a.py": source}, named)
