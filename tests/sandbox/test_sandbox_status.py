"""How programs end, and what is kept of their output."""

import pytest

from agentrl.sandbox import Limits, Sandbox, Status

QUICK = Limits(wall_seconds=0.4)


def test_a_program_that_exits_with_0_is_ok(sandbox: Sandbox) -> None:
    result = sandbox.run("print('hello')")
    assert (result.status, result.stdout, result.stderr, result.exit_code) == (Status.OK, "hello\n", "", 0)
    assert result.tier == sandbox.tier
    assert not result.truncated


def test_an_exit_code_is_an_error_and_is_told(sandbox: Sandbox) -> None:
    result = sandbox.run("import sys; sys.exit(7)")
    assert (result.status, result.exit_code) == (Status.ERROR, 7)


def test_an_exception_shows_the_traceback_of_the_program_alone(sandbox: Sandbox) -> None:
    result = sandbox.run("def f(x):\n    return 1 / x\nf(0)")
    assert result.status is Status.ERROR
    assert result.stderr.splitlines()[:2] == [
        "Traceback (most recent call last):",
        '  File "main.py", line 3, in <module>',
    ]
    assert result.stderr.splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert "agentrl" not in result.stderr


@pytest.mark.parametrize("program", ["x = (", "x = '\0'", "(" * 5000, "x = '\ud800'"])
def test_a_program_that_does_not_compile_is_an_error(sandbox: Sandbox, program: str) -> None:
    assert sandbox.run(program).status is Status.ERROR


@pytest.mark.parametrize("loop", ["while True: pass", "import time; time.sleep(60)", "import signal; signal.pause()"])
def test_wall_time_ends_the_run_and_keeps_what_was_printed(sandbox: Sandbox, loop: str) -> None:
    result = sandbox.run(f"print('before')\n{loop}", limits=QUICK)
    assert (result.status, result.limit, result.exit_code) == (Status.TIMEOUT, "wall_seconds", None)
    assert result.stdout == "before\n"
    assert result.wall_seconds < 3


@pytest.mark.parametrize(
    "stubborn",
    [
        "import signal\nfor n in range(1, 65):\n try: signal.signal(n, signal.SIG_IGN)\n except Exception: pass\n"
        "while True: pass",
        "while True:\n try:\n  while True: pass\n except BaseException: pass",
        "sum(range(10 ** 12))",
        "import re; re.match('(a+)+$', 'a' * 40 + 'b')",
        "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)",
    ],
)
def test_no_loop_outlives_the_wall_time(sandbox: Sandbox, stubborn: str) -> None:
    assert sandbox.run(stubborn, limits=QUICK).status is Status.TIMEOUT


@pytest.mark.parametrize("defence", ["", "import signal; signal.signal(signal.SIGXCPU, signal.SIG_IGN)\n"])
def test_processor_time_ends_the_run(sandbox: Sandbox, defence: str) -> None:
    result = sandbox.run(f"print('before')\n{defence}while True: pass", limits=Limits(wall_seconds=30, cpu_seconds=1))
    assert (result.status, result.limit, result.stdout) == (Status.CPU, "cpu_seconds", "before\n")
    assert result.cpu_seconds >= 0.5  # the kernel's limit counts ticks, its report counts time


@pytest.mark.parametrize("bomb", ["bytearray(1 << 30)", "'a' * 10 ** 11", "[0] * 10 ** 10", "x = 1 << (1 << 34)"])
def test_memory_is_a_status_of_its_own(sandbox: Sandbox, bomb: str) -> None:
    result = sandbox.run(f"print('before')\n{bomb}")
    assert (result.status, result.limit, result.stdout) == (Status.MEMORY, "memory_mb", "before\n")


def test_a_program_may_catch_a_memory_error(sandbox: Sandbox) -> None:
    result = sandbox.run("try: bytearray(1 << 30)\nexcept MemoryError: print('caught')")
    assert (result.status, result.stdout) == (Status.OK, "caught\n")


def test_memory_counts_for_all_processes_together(namespaces: Sandbox) -> None:
    hoard = (
        "import os, time\nfor _ in range(8):\n if os.fork() == 0:\n"
        "  x = bytearray(60 << 20); time.sleep(20)\ntime.sleep(20)"
    )
    result = namespaces.run(hoard, limits=Limits(wall_seconds=15, memory_mb=100))
    assert (result.status, result.limit) == (Status.MEMORY, "memory_mb")


@pytest.mark.parametrize(("stream", "kept"), [("stdout", "stdout"), ("stderr", "stderr")])
def test_a_flood_of_output_ends_the_run(sandbox: Sandbox, stream: str, kept: str) -> None:
    result = sandbox.run(f"import sys\nwhile True: sys.{stream}.write('y' * 9999 + '\\n')")
    assert (result.status, result.limit, result.truncated) == (Status.OUTPUT, "output_kb", True)
    assert len(getattr(result, kept)) == 64 * 1024


def test_output_beyond_the_cap_is_read_and_dropped(sandbox: Sandbox) -> None:
    result = sandbox.run("print('first')\nfor _ in range(1000): print('y' * 999)", limits=Limits(output_kb=32))
    assert (result.status, result.truncated, len(result.stdout)) == (Status.OK, True, 32 * 1024)
    assert result.stdout.startswith("first\n")


def test_the_end_of_stderr_is_kept_since_it_holds_the_error(sandbox: Sandbox) -> None:
    result = sandbox.run("import sys\nfor _ in range(1000): print('y' * 99, file=sys.stderr)\n1 / 0")
    assert result.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_bytes_that_are_no_text_are_replaced(sandbox: Sandbox) -> None:
    result = sandbox.run("import os; os.write(1, b'a\\xff\\x00\\x1b[31mb')")
    assert result.stdout == "a�\x00\x1b[31mb"


@pytest.mark.parametrize(
    ("number", "how"), [(11, "os.kill(os.getpid(), 11)"), (6, "os.abort()"), (9, "os.kill(os.getpid(), 9)")]
)
def test_a_signal_is_told_with_the_output_so_far(sandbox: Sandbox, number: int, how: str) -> None:
    result = sandbox.run(f"import os\nprint('before')\n{how}")
    assert (result.status, result.exit_code, result.stdout) == (Status.KILLED, -number, "before\n")


def test_exit_without_clean_up_keeps_whole_lines(sandbox: Sandbox) -> None:
    result = sandbox.run("import os\nprint('before')\nos._exit(0)")
    assert (result.status, result.stdout) == (Status.OK, "before\n")


def test_exit_functions_and_threads_run_to_their_end(sandbox: Sandbox) -> None:
    program = (
        "import atexit, threading, time\natexit.register(print, 'atexit')\n"
        "threading.Thread(target=lambda: (time.sleep(0.05), print('thread'))).start()\nprint('main')"
    )
    assert sandbox.run(program).stdout == "main\nthread\natexit\n"


def test_stdin_is_what_was_given(sandbox: Sandbox) -> None:
    text = "ä line\n" * 50_000
    assert sandbox.run("import sys; print(len(sys.stdin.read()))", stdin=text).stdout == f"{len(text)}\n"
    assert sandbox.run("import sys; print(repr(sys.stdin.read()))").stdout == "''\n"


def test_files_lie_in_the_current_directory_and_can_be_imported(sandbox: Sandbox) -> None:
    files = {"data/a.bin": bytes(range(256)), "helper.py": b"def f(): return 42"}
    program = "import helper; print(helper.f(), open('data/a.bin', 'rb').read() == bytes(range(256)))"
    assert sandbox.run(program, files=files).stdout == "42 True\n"


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "", ".", "a//b", "a/", "x\0y"])
def test_file_names_that_leave_the_directory_are_refused(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(ValueError, match="file's name"):
        sandbox.run("", files={name: b""})


def test_files_beyond_the_disk_limit_are_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="disk_mb"):
        sandbox.run("", files={"x": bytes(2 << 20)}, limits=Limits(disk_mb=1))


@pytest.mark.parametrize("name", ["x" * 256, "ä" * 128, "/".join("x" * 16), "\ud800"])
def test_names_that_no_file_can_have_are_refused(sandbox: Sandbox, name: str) -> None:
    with pytest.raises(ValueError, match="file's name"):
        sandbox.run("", files={name: b""})


@pytest.mark.parametrize(
    "files",
    [
        {f"{n}": b"" for n in range(4001)},
        {f"{n}/{n}": b"" for n in range(2001)},
        {f"{n}": b"x" for n in range(257)},
        {f"{n}/x": b"x" for n in range(129)},
    ],
    ids=["files", "directories", "pages", "pages of directories"],
)
def test_more_files_than_there_is_room_for_are_refused(sandbox: Sandbox, files: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match=r"disk_mb|together"):
        sandbox.run("", files=files, limits=Limits(disk_mb=1 if len(files) < 300 else 64))


def test_what_is_not_refused_fits(sandbox: Sandbox) -> None:
    exact = {"x": bytes(1 << 20)}
    assert sandbox.run("print(1)", files=exact, limits=Limits(disk_mb=1)).stdout == "1\n"
    most = {f"{n}": b"x" for n in range(4000)} if sandbox.tier == "namespaces" else {"y" * 255: b"x"}
    deep = {"/".join(["z" * 255] * 15): b"x"} if sandbox.tier == "namespaces" else {}
    result = sandbox.run("import os; print(len(os.listdir()))", files=most)
    assert (result.status, result.stdout) == (Status.OK, f"{len(most)}\n"), result.stderr
    assert sandbox.run("print(2)", files=deep).stdout == "2\n"


@pytest.mark.parametrize("field", ["wall_seconds", "memory_mb", "processes"])
def test_a_limit_of_zero_is_refused(field: str) -> None:
    with pytest.raises(ValueError, match=field):
        Limits(**{field: 0})


def test_the_order_of_sets_of_strings_is_the_same_in_every_run(sandbox: Sandbox) -> None:
    program = "print({'a', 'b', 'c', 'd', 'e', 'f', 'g'})"
    assert len({sandbox.run(program).stdout for _ in range(6)}) == 1


def test_random_numbers_differ_from_run_to_run(sandbox: Sandbox) -> None:
    assert len({sandbox.run("import random; print(random.random())").stdout for _ in range(4)}) == 4
