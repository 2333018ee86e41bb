"""The WebAssembly back-end: statuses, limits, files and graders. Skipped where its packages are missing."""

import asyncio
import importlib.util
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_elsewhere import refused_at_once

from agentrl.errors import SandboxError
from agentrl.sandbox import CallTest, Limits, Status, grade_calls, grade_pytest, grade_source
from agentrl.sandbox.sessions.session import Session
from agentrl.sandbox.wasm import WasmSandbox

MISSING = [name for name in ("wasmtime", "componentize_py") if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (extra 'wasm')")
QUICK = Limits(wall_seconds=0.4)


@pytest.fixture(scope="module")
def wasm() -> Iterator[WasmSandbox]:
    """Two workers. The first start on a machine builds the component: half a minute."""
    opened = WasmSandbox(2)
    yield opened
    opened.close()


def test_a_program_that_exits_with_0_is_ok(wasm: WasmSandbox) -> None:
    result = wasm.run("print('hello')")
    assert (result.status, result.stdout, result.stderr, result.exit_code) == (Status.OK, "hello\n", "", 0)
    assert result.tier == wasm.tier == "wasm"
    assert not result.truncated


@pytest.mark.parametrize("how", ["import sys; sys.exit(7)", "import os; os._exit(7)", "raise SystemExit(7)"])
def test_an_exit_code_is_an_error_and_is_told(wasm: WasmSandbox, how: str) -> None:
    result = wasm.run(f"print('before')\n{how}")
    assert (result.status, result.exit_code, result.stdout) == (Status.ERROR, 7, "before\n")


def test_an_exception_shows_the_traceback_of_the_program_alone(wasm: WasmSandbox) -> None:
    result = wasm.run("def f(x):\n    return 1 / x\nf(0)")
    assert result.status is Status.ERROR
    assert result.stderr.splitlines()[:2] == [
        "Traceback (most recent call last):",
        '  File "main.py", line 3, in <module>',
    ]
    assert result.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert "agentrl" not in result.stderr


def test_a_forked_child_does_not_wait_for_what_the_parents_threads_held(wasm: WasmSandbox) -> None:
    with wasm.place(), wasm.place(), wasm._lock, wasm._places._lock:
        child = os.fork()
        if child == 0:
            refused_at_once(wasm)
    assert os.waitpid(child, 0)[1] == 0
    assert wasm.run("print(2)").stdout == "2\n"


@pytest.mark.parametrize(
    "loop",
    [
        "while True: pass",
        "import time; time.sleep(60)",
        "import select; select.select([], [], [], 60)",  # a host call that only the end of its worker ends
        "sum(range(10 ** 12))",
        "import re; re.match('(a+)+$', 'a' * 40 + 'b')",
        "while True:\n try:\n  while True: pass\n except BaseException: pass",
    ],
)
def test_wall_time_ends_the_run_and_keeps_what_was_printed(wasm: WasmSandbox, loop: str) -> None:
    result = wasm.run(f"print('before')\n{loop}", limits=QUICK)
    assert (result.status, result.limit, result.exit_code) == (Status.TIMEOUT, "wall_seconds", None)
    assert result.stdout == "before\n"
    assert result.wall_seconds < 3
    assert wasm.run("print(1)").stdout == "1\n"


def test_processor_time_ends_the_run(wasm: WasmSandbox) -> None:
    result = wasm.run("print('before')\nwhile True: pass", limits=Limits(wall_seconds=30, cpu_seconds=1))
    assert (result.status, result.limit, result.stdout) == (Status.CPU, "cpu_seconds", "before\n")
    assert result.cpu_seconds >= 0.9


@pytest.mark.parametrize("bomb", ["bytearray(1 << 30)", "'a' * 10 ** 9", "[0] * 10 ** 8", "x = 1 << (1 << 32)"])
def test_memory_is_a_status_of_its_own(wasm: WasmSandbox, bomb: str) -> None:
    result = wasm.run(f"print('before')\n{bomb}")
    assert (result.status, result.limit, result.stdout) == (Status.MEMORY, "memory_mb", "before\n")


def test_memory_is_bounded_where_it_is_told(wasm: WasmSandbox) -> None:
    grow = "kept = []\nwhile True:\n    kept.append(bytearray(1 << 20)); print(len(kept))"
    result = wasm.run(grow, limits=Limits(memory_mb=100))
    assert result.status is Status.MEMORY
    assert 90 <= int(result.stdout.split()[-1]) <= 180
    assert wasm.run("x = bytearray(200 << 20); print(len(x))").stdout == f"{200 << 20}\n"


def test_recursion_without_end_is_told(wasm: WasmSandbox) -> None:
    result = wasm.run("def f(n): return f(n + 1)\nf(0)")
    assert (result.status, result.stderr.rstrip().rpartition("\n")[2][:14]) == (Status.ERROR, "RecursionError")
    endless = wasm.run("import sys\nprint('before')\nsys.setrecursionlimit(10 ** 9)\ndef f(n): return f(n + 1)\nf(0)")
    assert (endless.status, endless.exit_code, endless.stdout) == (Status.KILLED, -11, "before\n")


def test_a_deep_but_lawful_recursion_works(wasm: WasmSandbox) -> None:
    assert wasm.run("def f(n): return n and 1 + f(n - 1)\nprint(f(900))").stdout == "900\n"


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_flood_of_output_ends_the_run(wasm: WasmSandbox, stream: str) -> None:
    result = wasm.run(f"import sys\nwhile True: sys.{stream}.write('y' * 9999 + '\\n')")
    assert (result.status, result.limit, result.truncated) == (Status.OUTPUT, "output_kb", True)
    assert len(getattr(result, stream)) == 64 * 1024


def test_output_beyond_the_cap_is_read_and_dropped(wasm: WasmSandbox) -> None:
    result = wasm.run("print('first')\nfor _ in range(1000): print('y' * 999)", limits=Limits(output_kb=32))
    assert (result.status, result.truncated, len(result.stdout)) == (Status.OK, True, 32 * 1024)
    assert result.stdout.startswith("first\n")


def test_an_abort_is_told_with_the_output_so_far(wasm: WasmSandbox) -> None:
    result = wasm.run("import os\nprint('before')\nos.abort()")
    assert (result.status, result.exit_code, result.stdout) == (Status.KILLED, -6, "before\n")


def test_stdin_is_what_was_given(wasm: WasmSandbox) -> None:
    text = "ä line\n" * 50_000
    assert wasm.run("import sys; print(len(sys.stdin.read()))", stdin=text).stdout == f"{len(text)}\n"
    assert wasm.run("print(input()[::-1])", stdin="abc\n").stdout == "cba\n"
    assert wasm.run("import sys; print(repr(sys.stdin.read()))").stdout == "''\n"


def test_files_lie_in_the_current_directory_and_can_be_imported(wasm: WasmSandbox) -> None:
    files = {"data/a.bin": bytes(range(256)), "helper.py": b"def f(): return 42"}
    program = "import helper; print(helper.f(), open('data/a.bin', 'rb').read() == bytes(range(256)))"
    assert wasm.run(program, files=files).stdout == "42 True\n"
    assert wasm.run("import os; print(os.listdir('.'))").stdout == "[]\n"
    with pytest.raises(ValueError, match="file's name"):
        wasm.run("", files={"../x": b""})


def test_files_may_be_written_and_the_disk_is_bounded(wasm: WasmSandbox) -> None:
    assert wasm.run("open('x', 'w').write('1'); print(open('x').read())").stdout == "1\n"
    one = wasm.run("open('x', 'wb').write(bytes(3 << 20))", limits=Limits(disk_mb=1))
    assert one.status is Status.ERROR
    many = "n = 0\nwhile True:\n    n += 1\n    open(f'x{n}', 'wb').write(bytes(1 << 19))"
    result = wasm.run(many, limits=Limits(disk_mb=4))
    assert (result.status, result.limit) == (Status.KILLED, "disk_mb")


def test_random_numbers_differ_and_the_order_of_sets_does_not(wasm: WasmSandbox) -> None:
    assert len({wasm.run("import random; print(random.random())").stdout for _ in range(4)}) == 4
    assert len({wasm.run("print({'a', 'b', 'c', 'd', 'e', 'f', 'g'})").stdout for _ in range(4)}) == 1


def test_nothing_stays_from_run_to_run(wasm: WasmSandbox) -> None:
    wasm.run("import json, builtins\njson.dumps = None; builtins.left = 1; open('left', 'w').write('1')")
    program = "import builtins, json, os\nprint(hasattr(builtins, 'left'), json.dumps([1]), os.path.exists('left'))"
    assert {wasm.run(program).stdout for _ in range(4)} == {"False [1] False\n"}


@pytest.mark.parametrize(
    "attempt",
    [
        "open('/etc/passwd').read()",
        "open('../../../../etc/passwd').read()",
        "import os; os.symlink('/etc/passwd', 'link'); open('link').read()",
        "import os; assert not os.environ.get('PATH'); os.listdir('/proc')",
        "import os; os.fork()",
        "import os; os.system('true')",
        "import subprocess; subprocess.run(['true'])",
        "import socket; socket.create_connection(('127.0.0.1', 22), 1)",
        "import ctypes; ctypes.CDLL(None)",
        "import threading; threading.Thread(target=print).start()",
    ],
)
def test_there_is_no_way_out(wasm: WasmSandbox, attempt: str) -> None:
    assert wasm.run(attempt).status is Status.ERROR


@pytest.mark.parametrize("module", ["json", "re", "dataclasses", "decimal", "sqlite3", "asyncio", "unittest", "heapq"])
def test_the_library_is_there(wasm: WasmSandbox, module: str) -> None:
    assert wasm.run(f"import {module}; print({module}.__name__)").stdout == f"{module}\n"


def test_calls_are_graded(wasm: WasmSandbox) -> None:
    tests = [CallTest(([3, 1, 2],), [1, 2, 3]), CallTest(([],), [])]
    assert grade_calls(wasm, "def f(xs): return sorted(xs)", "f", tests).all_passed
    assert not grade_calls(wasm, "def f(xs): return xs", "f", tests).outcomes[0].passed
    cheat = "class Same:\n    def __eq__(self, other): return True\ndef f(xs): return Same()"
    assert grade_calls(wasm, cheat, "f", tests).passed_share == 0
    assert grade_calls(wasm, "import os\ndef f(xs): os._exit(0)", "f", tests).passed_share == 0


def test_a_slow_call_ends_the_run_and_earlier_ones_count(wasm: WasmSandbox) -> None:
    tests = [CallTest((0,), 0), CallTest((1,), 1, seconds=0.3), CallTest((0,), 0)]
    report = grade_calls(wasm, "def f(x):\n    while x: pass\n    return x", "f", tests)
    assert [outcome.passed for outcome in report.outcomes] == [True, False, False]
    assert report.outcomes[1].timed_out


def test_tests_that_are_source_are_graded(wasm: WasmSandbox) -> None:
    source = "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(3) == 9"
    assert grade_source(wasm, "def square(x): return x * x", "square", source).all_passed
    assert not grade_source(wasm, "def square(x): return 2 * x", "square", source).all_passed


def test_the_channel_is_descriptor_3(wasm: WasmSandbox) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(b"ping\xff")
        ours.shutdown(socket.SHUT_WR)
        program = "import os\nos.write(3, b'pong\\x00' + os.read(3, 99)); print(os.read(3, 1))"
        assert wasm.run(program, channel=theirs).stdout == "b''\n"
        assert ours.recv(99) == b"pong\0ping\xff"


def test_a_run_that_waits_for_its_channel_ends_in_time(wasm: WasmSandbox) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert wasm.run("import os; os.read(3, 1)", channel=theirs, limits=QUICK).status is Status.TIMEOUT


def test_stop_and_cancelling_end_a_run_at_once(wasm: WasmSandbox) -> None:
    watched, hang_up = os.pipe()
    threading.Timer(0.2, os.close, (hang_up,)).start()
    result = wasm.run("print('before')\nwhile True: pass", stop=watched)
    os.close(watched)
    assert (result.status, result.limit, result.stdout) == (Status.KILLED, "", "before\n")

    async def cancel() -> None:
        task = asyncio.create_task(wasm.arun("while True: pass", limits=Limits(wall_seconds=60, cpu_seconds=60)))
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    began = time.monotonic()
    asyncio.run(cancel())
    assert time.monotonic() - began < 5


def test_many_threads_share_the_workers(wasm: WasmSandbox) -> None:
    printed: list[str] = []
    threads = [threading.Thread(target=lambda n=n: printed.append(wasm.run(f"print({n})").stdout)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(printed) == [f"{n}\n" for n in range(8)]


def test_closing_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    opened = WasmSandbox(1)
    processes = [worker._process for worker in opened._idle]
    opened.run("open('x', 'w').write('1')")
    opened.run("import select; select.select([], [], [], 60)", limits=QUICK)
    opened.close()
    opened.close()
    assert all(process.poll() is not None for process in processes)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SandboxError, match="closed"):
        opened.run("print(1)")


def test_test_files_are_graded(wasm: WasmSandbox) -> None:
    files = {
        "shapes.py": b"class Square:\n"
        b"    def __init__(self, side): self.side = side\n    def area(self): return self.side ** 2"
    }
    tests = {"test_shapes.py": "from shapes import Square\ndef test_area():\n    assert Square(3).area() == 9\n"}
    assert grade_pytest(wasm, files, tests).all_passed
    wrong = {"shapes.py": files["shapes.py"].replace(b"** 2", b"* 2")}
    assert not grade_pytest(wasm, wrong, tests).all_passed


def test_a_slow_test_ends_the_run_and_is_no_error_of_the_machinery(wasm: WasmSandbox) -> None:
    tests = {"test_f.py": "from f import f\ndef test_a(): assert f(0) == 0\ndef test_b(): assert f(1) == 1\n"}
    files = {"f.py": b"def f(x):\n    while x: pass\n    return x"}
    report = grade_pytest(wasm, files, tests, test_seconds=0.4)
    assert [outcome.passed for outcome in report.outcomes] == [True, False]


def test_a_session_is_refused(wasm: WasmSandbox) -> None:
    with pytest.raises(SandboxError):
        Session(wasm)


@pytest.mark.parametrize("program", ["", "while True: pass", "import select; select.select([], [], [], 60)"])
def test_a_killed_trainer_leaves_nothing(tmp_path: Path, program: str) -> None:
    trainer = (
        "import tempfile, threading\nfrom agentrl.sandbox.wasm import WasmSandbox\n"
        f"tempfile.tempdir = {str(tmp_path)!r}\nopened = WasmSandbox(1)\n"
        "print(opened._idle[0]._process.pid, flush=True)\n"
        f"opened.run({program!r})\nthreading.Event().wait()\n"
    )
    with subprocess.Popen([sys.executable, "-c", trainer], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        worker = Path("/proc", process.stdout.readline().strip())
        time.sleep(0.3)
        process.kill()
    until = time.monotonic() + 10
    while (worker.exists() or any(tmp_path.iterdir())) and time.monotonic() < until:
        time.sleep(0.05)
    assert not worker.exists()
    assert list(tmp_path.iterdir()) == []
