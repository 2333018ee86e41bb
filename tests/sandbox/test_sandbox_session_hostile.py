"""What a session survives, what ends it, and that it never says more than bounded text."""

import contextlib
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_sessions import TIERS, open_tier

from agentrl.sandbox import Limits, Sandbox
from agentrl.sandbox.sessions.driver_session import Driver
from agentrl.sandbox.sessions.session import Session, SessionEndedError


@pytest.fixture(scope="module", params=TIERS)
def machine(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Every tier whose programs may start processes."""
    opened = open_tier(request.param)
    yield opened
    opened.close()


SMALL = Limits(wall_seconds=60, memory_mb=128, disk_mb=8, processes=16, output_kb=16)


@pytest.fixture
def session(machine: Sandbox) -> Iterator[Session]:
    with Session(machine, limits=SMALL) as opened:
        yield opened


def alive(session: Session) -> bool:
    return session.run("echo on").output == "on\n"


@pytest.mark.parametrize("how", ["kill -9 -1", "kill -9 $PPID", "kill $PPID", "python3 -c 'import os; os.kill(-1, 9)'"])
def test_killing_the_server_ends_the_session_and_says_so(session: Session, how: str) -> None:
    with pytest.raises(SessionEndedError, match="server ended"):
        session.run(how)
    with pytest.raises(SessionEndedError, match="closed"):
        session.run("echo on")


def test_a_stopped_server_ends_the_session(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agentrl.sandbox.sessions.session._GRACE_SECONDS", 0.5)
    start = time.monotonic()
    with pytest.raises(SessionEndedError, match="stopped answering"):
        session.run("kill -STOP $PPID; sleep 60", timeout=0.5)
    assert time.monotonic() - start < 8


@pytest.mark.parametrize(
    "bomb",
    [":() { : | : & }; :", "python3 -c 'import os\nwhile True: os.fork()'", "while :; do setsid sleep 60 & done"],
)
def test_a_fork_bomb_leaves_a_session_that_works(session: Session, bomb: str) -> None:
    session.run(bomb, timeout=0.5)
    deadline = time.monotonic() + 20
    while not alive(session):
        assert time.monotonic() < deadline


def test_a_bomb_that_takes_every_place_that_is_free_is_killed_for_the_next_command(session: Session) -> None:
    fork = "if os.fork() == 0: time.sleep(60); os._exit(0)"
    bomb = f"import os, time\nos.setsid()\nwhile True:\n try:\n  {fork}\n except OSError: time.sleep(0.0005)"
    session.write_file("bomb.py", bomb.encode())
    session.run("python3 bomb.py >/dev/null 2>&1 &")
    deadline = time.monotonic() + 20
    while not any("all others were killed" in note for note in session.run("true").notes):
        assert time.monotonic() < deadline
    assert session.run("/bin/echo on").output == "on\n"


def test_memory_of_all_processes_ends_the_session_and_says_so(session: Session) -> None:
    hoard = "python3 -c 'import time; x = bytearray(70 << 20); time.sleep(30)' & " * 4 + "wait"
    with pytest.raises(SessionEndedError, match="together took more than 128 MiB"):
        session.run(hoard, timeout=20)


def test_one_process_with_too_much_memory_only_fails(session: Session) -> None:
    result = session.run("python3 -c 'bytearray(1 << 30)'")
    assert result.exit_code == 1
    assert "MemoryError" in result.output
    assert alive(session)


def test_the_life_of_a_session_is_bounded(machine: Sandbox) -> None:
    with (
        Session(machine, limits=Limits(wall_seconds=0.5)) as session,
        pytest.raises(SessionEndedError, match=r"0\.5 s"),
    ):
        session.run("sleep 20")


def test_a_full_disk_is_an_error_of_the_command(machine: Sandbox) -> None:
    if machine.tier != "namespaces":
        pytest.skip("only a file system of its own refuses; elsewhere a watch ends the session")
    with Session(machine, limits=SMALL) as session:
        assert session.run("head -c 7M /dev/zero > a; head -c 7M /dev/zero > b").exit_code != 0
        with pytest.raises(OSError, match="No space"):
            session.write_file("more", b"x" * 100_000)
        assert alive(session)
        assert session.run("rm a b; echo x > c").exit_code == 0


def test_a_gigabyte_of_output_costs_neither_time_nor_memory(session: Session) -> None:
    start = time.monotonic()
    result = session.run("head -c 1G /dev/zero")
    assert result.flooded
    assert len(result.output) < 20_000
    assert time.monotonic() - start < 10
    assert session.run("head -c 1G /dev/zero | wc -c").output == "1073741824\n"


@pytest.mark.parametrize(
    "plant",
    [
        "ln -s /etc/passwd x",
        "ln -s ../../../../etc/passwd x",
        "ln -s /proc/self/environ x",
        "ln -s /dev/zero x",
        "ln -s x x",
        "mkdir x",
        "mkfifo x",
        "mknod x c 1 5",
        "python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"x\")'",
        "mkdir d; ln -s /usr/bin d/up; ln -s d/up/env x",
        ":",
    ],
)
def test_nothing_but_a_file_of_the_session_is_read_or_written(session: Session, plant: str) -> None:
    session.run(plant)
    there = session.run("[ -e x ] || [ -L x ]").exit_code == 0  # some tiers refuse pipes and devices
    with pytest.raises(OSError, match="x: "):
        session.read_file("x")
    with pytest.raises(OSError, match="x: ") if there else contextlib.nullcontext():
        session.write_file("x", b"over")
    assert alive(session)


@pytest.mark.parametrize("kind", ["pipe", "pipe with a reader", "socket", "directory"])
def test_the_server_neither_waits_for_a_pipe_nor_takes_it_for_a_file(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    server = Driver()
    with contextlib.ExitStack() as stack:
        end = stack.enter_context(socket.socket(socket.AF_UNIX))
        {"socket": end.bind, "directory": os.mkdir}.get(kind, os.mkfifo)("x")
        if kind == "pipe with a reader":
            stack.callback(os.close, os.open("x", os.O_RDONLY | os.O_NONBLOCK))
        Path("link").symlink_to("x")
        held = len(os.listdir("/proc/self/fd"))
        for name in ("x", "link"):
            with pytest.raises(OSError):  # noqa: PT011 (each kind has its own reason)
                server.read({"path": name, "most": 9}, b"")
            with pytest.raises(OSError):  # noqa: PT011
                server.write({"path": name}, b"data")
        assert len(os.listdir("/proc/self/fd")) == held


@pytest.mark.parametrize("name", ["/etc/passwd", "../etc/passwd", "/proc/1/environ", "", "a\0b", "x" * 3000, "\ud800"])
def test_no_name_leads_out(session: Session, name: str) -> None:
    for action in (session.read_file, session.list_files, lambda name: session.write_file(name, b"")):
        if name == "\ud800" and action not in (session.read_file, session.list_files):
            continue
        with pytest.raises(OSError):  # noqa: PT011 (each name has its own reason)
            action(name)
    assert alive(session)


def test_a_link_inside_is_followed(session: Session) -> None:
    session.run("echo data > target; ln -s target link")
    assert session.read_file("link") == b"data\n"


def test_a_sparse_file_is_no_way_to_fill_memory(session: Session) -> None:
    session.run('python3 -c \'open("sparse", "w").truncate(7 << 20)\'')
    with pytest.raises(OSError, match="more than 1000 bytes"):
        session.read_file("sparse", most=1000)


def test_many_odd_names_are_listed_within_bounds(session: Session) -> None:
    session.run('python3 -c \'for i in range(2000): open(bytes([97 + i % 26]) + b"\\xff\\n" * 100 + b"%d" % i, "w")\'')
    names = session.list_files()
    assert len(names) == 500
    assert all(name.encode() for name in names)


def test_a_wiped_directory_is_no_end(session: Session) -> None:
    session.run("rm -rf .local * .[a-z]* 2>/dev/null; unset PATH HOME")
    assert alive(session)
    session.write_file("x", b"1")
    assert session.read_file("x") == b"1"


def test_forged_state_hurts_only_who_forged_it(session: Session) -> None:
    for forged in (r"printf '/\0rm -rf /\0' >&50", r"printf '\0\0\0\0' >&50; exec true", "head -c 300k /dev/zero >&50"):
        session.run(f"{forged} 2>/dev/null")
        session.run(r"printf '%s\0\0' / >&50; exec true")
    assert session.run("exit 0", timeout=2).notes is not None


def test_the_channel_is_out_of_reach(session: Session) -> None:
    for attempt in ("echo x >&3", "ls -l /proc/$PPID/fd", "cat /proc/$PPID/environ", "echo x > /proc/$PPID/fd/3"):
        assert session.run(attempt).exit_code != 0
    writing = "import os; f = os.open(f'/proc/{os.getppid()}/mem', os.O_RDWR)"
    assert session.run(f'exec python3 -c "{writing}"').exit_code == 1
    assert alive(session)
