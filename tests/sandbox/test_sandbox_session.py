"""What a shell promises over many commands: SWE-ReX's list of behaviours, and files."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_sessions import TIERS, open_tier

from agentrl.sandbox import Limits, Sandbox
from agentrl.sandbox.sessions.driver_shell import SHELLS, Command, Shell
from agentrl.sandbox.sessions.session import MOST_COMMAND_BYTES, MOST_FILE_BYTES, Session


@pytest.fixture(scope="module", params=TIERS)
def machine(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Every tier whose programs may start processes."""
    opened = open_tier(request.param)
    yield opened
    opened.close()


@pytest.fixture
def session(machine: Sandbox) -> Iterator[Session]:
    with Session(machine) as opened:
        yield opened


def said(session: Session, command: str) -> str:
    """The output of a command that succeeds."""
    result = session.run(command)
    assert (result.exit_code, result.timed_out, result.notes) == (0, False, ()), result
    return result.output


def test_output_and_errors_come_in_their_order(session: Session) -> None:
    assert said(session, "echo one; echo two >&2; echo three") == "one\ntwo\nthree\n"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("true", 0),
        ("false", 1),
        ("exit 3", 3),
        ("(exit 4)", 4),
        ("f() { exit 5; }; f", 5),
        ("set -e; false; echo no", 1),
        ("exec sh -c 'exit 7'", 7),
        ("no-such-program", 127),
        ("/usr", 126),
        ("kill -9 $$", -9),
        ("", 0),
        ("   ", 0),
        ("# only a comment", 0),
    ],
)
def test_exit_codes_are_those_of_the_shell(session: Session, command: str, code: int) -> None:
    assert session.run(command).exit_code == code


@pytest.mark.parametrize(
    "broken", ["if", "echo 'open", 'echo "open', "echo $(", "cat <<EOF\nno end", ")", "echo a; if"]
)
def test_a_command_that_is_no_shell_script_says_so_and_the_next_one_works(session: Session, broken: str) -> None:
    result = session.run(broken)
    assert not result.timed_out
    assert result.exit_code or result.output.rstrip().endswith("no end")
    assert said(session, "echo next") == "next\n"


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("cat <<EOF\n  a $((1 + 1))\nb\nEOF", "  a 2\nb\n"),
        ("cat <<'EOF'\n$HOME `id`\nEOF\n", "$HOME `id`\n"),
        ("echo a # comment\n# comment\necho b", "a\nb\n"),
        ("    echo leading blanks", "leading blanks\n"),
        ("\n\n\techo tab\n\n", "tab\n"),
        ("for i in 1 2; do\n  echo $i\ndone", "1\n2\n"),
        ("echo a && \\\n echo b", "a\nb\n"),
        ("printf 'no newline'", "no newline"),
        ("echo 'ä €  😀'", "ä €  😀\n"),
        ("echo $#", "0\n"),
        ("printf 'a\\377b'", "a\ufffdb"),
        ("echo '\ud800'", "?\n"),
    ],
)
def test_what_is_written_in_shell_runs_as_written(session: Session, command: str, output: str) -> None:
    assert said(session, command) == output


def test_the_working_directory_persists(session: Session) -> None:
    assert said(session, "mkdir -p 'a b/c' && cd 'a b/c' && pwd") == f"{session.directory}/a b/c\n"
    assert said(session, "pwd; cd ..") == f"{session.directory}/a b/c\n"
    assert said(session, "pwd; cd -") == f"{session.directory}/a b\n{session.directory}/a b/c\n"


def test_exported_variables_persist_and_others_do_not(session: Session) -> None:
    value = 'it\'s "$x" `y` \\ \n\ttwo lines ä'
    session.write_file("value", value.encode())
    said(session, 'export A="$(cat value)" B=2; C=3; unset HOME')
    assert said(session, 'printf %s "$A"') == value
    assert said(session, "echo $B ${C-none} ${HOME-none}") == "2 none none\n"
    assert said(session, "unset B; env | grep -c ^B=; true") == "0\n"
    assert said(session, "echo ${B-none}") == "none\n"


@pytest.mark.parametrize(
    "leaving", ["exit 0", "set -x; exit 0", "f() { exit 0; }; f", "set -e; true", "exec 9>&1; exit"]
)
def test_what_is_kept_is_kept_however_a_shell_ends(session: Session, leaving: str) -> None:
    assert session.run(f"mkdir d; cd d; export A=1; {leaving}").exit_code == 0
    assert said(session, "pwd; echo $A") == f"{session.directory}/d\n1\n"


@pytest.mark.parametrize("shell", SHELLS, ids=lambda shell: shell.path)
@pytest.mark.parametrize(
    "leaving", ["exit 3", "f() { exit 3; }; f", "exec 9>&1; exit 3", "set -x; exit 3", "ls() { :; }; if"]
)
def test_either_shell_reports_its_state(
    shell: Shell, leaving: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not os.access(shell.path, os.X_OK):
        pytest.skip(f"this machine has no {shell.path}")
    monkeypatch.chdir(tmp_path)
    command = Command(shell, f'cd /usr; export A=2 C="it\'s"; unset B\n{leaving}'.encode(), b"export A=1 B=1", 1000)
    assert command.follow(20) == ""
    assert command.end(stop=False) == (2 if leaving.endswith("if") else 3)
    directory, state, rest = bytes(command.state).split(b"\0")
    assert (directory, rest) == (b"/usr\n", b"")
    after = Command(shell, b"echo $A $C ${B-none}; ls /proc/self/fd", state, 1000)
    assert (after.follow(20), after.end(stop=False)) == ("", 0)
    assert after.kept.first.startswith(b"2 it's none\n")
    assert b"\n9\n" not in after.kept.first


def test_a_killed_shell_changes_nothing(session: Session) -> None:
    said(session, "export A=1; cd /usr")
    session.run("export A=2; cd /; kill -9 $$")
    session.run("export A=3; cd /; sleep 20", timeout=0.2)
    assert said(session, "echo $A; pwd") == "1\n/usr\n"


def test_files_persist_and_are_those_that_were_given(machine: Sandbox) -> None:
    with Session(machine, files={"given.txt": b"hello\n", "sub/x": b"y"}) as session:
        assert said(session, "cat given.txt sub/x; echo more >> given.txt") == "hello\ny"
        assert session.read_file("given.txt") == b"hello\nmore\n"
        session.write_file("deep/er/new.bin", bytes(range(256)))
        assert said(session, "wc -c < deep/er/new.bin") == "256\n"
        session.write_file("given.txt", b"short")
        assert session.read_file(f"{session.directory}/given.txt") == b"short"
        assert session.list_files() == [".local/", "deep/", "given.txt", "sub/"]
        assert session.list_files("sub") == ["x"]


def test_a_large_file_goes_in_and_out(session: Session) -> None:
    data = bytes(range(256)) * (MOST_FILE_BYTES // 256)
    session.write_file("large", data)
    assert session.read_file("large") == data
    with pytest.raises(ValueError, match="at most"):
        session.write_file("larger", data + b"x")
    said(session, "echo x >> large")
    with pytest.raises(OSError, match="more than"):
        session.read_file("large")


def test_python_is_the_interpreter_that_runs_programs(machine: Sandbox, session: Session) -> None:
    version = machine.run("import sys; print(sys.version)").stdout
    assert said(session, "python3 -c 'import sys; print(sys.version)'; python -c 'print(42)'") == f"{version}42\n"
    assert said(session, "echo 'x = 1' > m.py; python3 -c 'import m; print(m.x)'; ls") == "1\nm.py\n"


@pytest.mark.parametrize("reader", ["cat", 'read x; echo "got $x"', "python3 -c 'print(repr(input()))'"])
def test_a_command_that_reads_gets_nothing_to_read(session: Session, reader: str) -> None:
    start = time.monotonic()
    assert not session.run(reader, timeout=20).timed_out
    assert time.monotonic() - start < 10


def test_a_time_out_keeps_what_was_written_and_kills_the_whole_group(session: Session) -> None:
    result = session.run("echo before; (sleep 60; echo late) & echo $! > pid; sleep 60 | cat", timeout=0.4)
    assert (result.exit_code, result.timed_out, result.output) == (None, True, "before\n")
    assert said(session, "while kill -0 $(cat pid) 2>/dev/null; do sleep 0.05; done; echo gone") == "gone\n"


@pytest.mark.parametrize("stubborn", ["trap '' TERM INT HUP; while :; do :; done", "kill -STOP $$", "sleep 60"])
def test_no_command_outlives_its_time(session: Session, stubborn: str) -> None:
    start = time.monotonic()
    assert session.run(stubborn, timeout=0.3).timed_out
    assert time.monotonic() - start < 5
    assert said(session, "echo on") == "on\n"


def test_a_background_process_that_holds_the_output_is_not_waited_for(session: Session) -> None:
    start = time.monotonic()
    assert said(session, "sleep 60 & echo started") == "started\n"
    assert time.monotonic() - start < 5
    assert said(session, "jobs; echo next") == "next\n"


def test_background_processes_live_on(session: Session) -> None:
    said(session, "(sleep 0.2; echo done; echo done > done.txt) &")
    assert said(session, "for i in $(seq 100); do [ -s done.txt ] && break; sleep 0.05; done; cat done.txt") == "done\n"


def test_large_output_is_cut_in_the_middle(machine: Sandbox) -> None:
    with Session(machine, limits=Limits(wall_seconds=60, output_kb=4, open_files=64)) as session:
        result = session.run("echo first; seq 20000; echo last")
        assert (result.exit_code, result.truncated) == (0, True)
        assert len(result.output) < 4200
        assert result.output.startswith("first\n1\n2\n")
        assert result.output.endswith("\n20000\nlast\n")
        left_out = len("first\nlast\n") + sum(len(str(n)) + 1 for n in range(1, 20001)) - 4096
        assert f"\n[{left_out} bytes left out]\n" in result.output
        assert said(session, "seq 500 | wc -l") == "500\n"


def test_a_flood_ends_the_command_and_not_the_session(machine: Sandbox) -> None:
    with Session(machine, limits=Limits(wall_seconds=60, output_kb=16)) as session:
        result = session.run("echo first; yes")
        assert (result.exit_code, result.flooded, result.truncated, result.timed_out) == (None, True, True, False)
        assert result.output.startswith("first\ny\n")
        assert said(session, "echo on") == "on\n"


def test_a_working_directory_that_is_gone_is_told(session: Session) -> None:
    result = session.run("mkdir d; cd d; rmdir ../d; echo here")
    assert (result.exit_code, result.output) == (0, "here\n")
    assert result.notes == (f"the working directory is gone; the next is {session.directory}",)
    assert said(session, "pwd") == f"{session.directory}\n"
    said(session, "mkdir d; cd d")
    said(session, "(sleep 0.1; rmdir ../d) >/dev/null 2>&1 &")
    time.sleep(0.4)
    assert "directory is gone" in session.run("echo").notes[0]


def test_variables_that_are_too_large_to_be_kept_are_told(session: Session) -> None:
    result = session.run("export BIG=$(head -c 90000 /dev/zero | tr '\\0' x); echo ${#BIG}")
    assert (result.output, len(result.notes)) == ("90000\n", 1)
    assert said(session, "echo ${#BIG}") == "0\n"


@pytest.mark.parametrize("command", ["a\0b", "x" * (MOST_COMMAND_BYTES + 1)])
def test_a_command_that_no_shell_can_take_is_refused(session: Session, command: str) -> None:
    with pytest.raises(ValueError, match="command"):
        session.run(command)
    assert said(session, "echo on") == "on\n"


def test_a_long_command_runs(session: Session) -> None:
    assert said(session, "echo " + "x" * 90_000 + " | wc -c") == "90001\n"


def test_two_sessions_do_not_meet(machine: Sandbox) -> None:
    with Session(machine) as one, Session(machine) as other:
        said(one, "echo secret > mine.txt; export A=1; sleep 60 >/dev/null 2>&1 & echo $! > pid")
        assert "mine.txt" not in other.list_files()
        assert said(other, f"cat {one.directory}/mine.txt 2>/dev/null; echo ${{A-none}}") == "none\n"
        assert other.run("pkill -9 sleep || kill -9 $(pgrep sleep)").exit_code != 0
        assert said(one, "kill $(cat pid) && echo alive") == "alive\n"
