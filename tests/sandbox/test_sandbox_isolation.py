"""What programs cannot reach. Each program prints what it got hold of; honest ones in between still work."""

import os
import socket
from pathlib import Path

import pytest

from agentrl.sandbox import Limits, Sandbox, Status

TRY = "def attempt(f):\n try: return f()\n except Exception as error: return type(error).__name__\n"


def answer(sandbox: Sandbox, expression: str, **options: object) -> str:
    """What `expression` evaluates to inside, or the name of the exception."""
    result = sandbox.run(f"import os, sys, socket\n{TRY}print(attempt(lambda: {expression}))", **options)  # type: ignore[arg-type]
    assert result.status is Status.OK, result
    return result.stdout.strip()


REFUSED = {"PermissionError", "FileNotFoundError", "OSError", "NotADirectoryError", "ProcessLookupError"}


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/etc/shadow", "/root/.bashrc", "/proc/1/environ", "/var/log/dpkg.log"]
)
def test_host_files_cannot_be_read(sandbox: Sandbox, path: str) -> None:
    found = answer(sandbox, f"open({path!r}).read()")
    assert found in REFUSED or found.startswith("sandbox:x:1000") or found == ""


def test_a_file_of_the_trainer_cannot_be_read_or_changed(sandbox: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("xyzzy")
    secret.chmod(0o666)
    for parent in tmp_path.parents[:3]:
        if parent != Path("/tmp"):
            parent.chmod(0o755)
    assert answer(sandbox, f"open({str(secret)!r}).read()") in REFUSED
    assert answer(sandbox, f"open({str(secret)!r}, 'w').write('x')") in REFUSED
    assert answer(sandbox, f"os.chmod({str(secret)!r}, 0)") in REFUSED
    assert answer(sandbox, f"os.truncate({str(secret)!r}, 0)") in REFUSED
    assert answer(sandbox, f"os.unlink({str(secret)!r})") in REFUSED
    assert secret.read_text() == "xyzzy"


def test_the_environment_of_the_trainer_is_not_there(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "xyzzy")
    assert "API_KEY" not in answer(sandbox, "dict(os.environ)")


@pytest.mark.parametrize("place", ["/usr/x", "/x", "/etc/x", "/dev/x", "os.__file__", "/var/x"])
def test_nothing_outside_its_directory_can_be_written(sandbox: Sandbox, place: str) -> None:
    path = place if place == "os.__file__" else repr(place)
    assert answer(sandbox, f"open({path}, 'a')") in REFUSED


def test_files_of_a_run_are_gone_in_the_next(sandbox: Sandbox) -> None:
    for _ in range(3):
        assert answer(sandbox, "(os.listdir('.'), open('left', 'w').write('x'))") == "([], 1)"


def test_installed_packages_are_hidden(sandbox: Sandbox) -> None:
    expression = "[n for p in (os.path.dirname(os.__file__) + '/site-packages',) for n in os.listdir(p)]"
    assert answer(sandbox, expression) in ("[]", "PermissionError", "FileNotFoundError")


def test_payloads_of_other_runs_are_not_in_memory(sandbox: Sandbox) -> None:
    sandbox.run("marker = 'plugh' * 3")
    scan = "sum('plugh' 'plughplugh' in o for o in __import__('gc').get_objects() if type(o) is str)"
    assert answer(sandbox, scan) == "0"


@pytest.mark.parametrize("address", [("127.0.0.1", None), ("169.254.169.254", 80), ("1.1.1.1", 53)])
def test_the_network_cannot_be_reached(sandbox: Sandbox, address: tuple[str, int | None]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        target = (address[0], address[1] or server.getsockname()[1])
        assert answer(sandbox, f"socket.create_connection({target}, 1)") in REFUSED


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK"])
def test_only_unix_sockets_exist(sandbox: Sandbox, family: str) -> None:
    kind = "SOCK_RAW" if family in ("AF_NETLINK", "AF_PACKET") else "SOCK_STREAM"
    assert answer(sandbox, f"socket.socket(socket.{family}, socket.{kind})") == "PermissionError"


def test_unix_sockets_of_the_host_cannot_be_reached(sandbox: Sandbox) -> None:
    name = f"\0agentrl-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(name)
        server.listen()
        assert answer(sandbox, f"socket.socket(socket.AF_UNIX).connect({name!r})") in {
            *REFUSED,
            "ConnectionRefusedError",
        }


def test_socket_pairs_work_for_event_loops(sandbox: Sandbox) -> None:
    program = "import asyncio\nasync def f(): await asyncio.sleep(0); return 42\nprint(asyncio.run(f()))"
    assert sandbox.run(program).stdout == "42\n"


SYSCALL = "__import__('ctypes').CDLL(None, use_errno=True).syscall"
X86_ONLY = pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")


@X86_ONLY
@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("ptrace", "101, 0, 0, 0, 0"),
        ("unshare", "272, 0x10000000"),
        ("clone(NEWUSER)", "56, 0x10000011, 0, 0, 0, 0"),
        ("mount", "165, 0, 0, 0, 0, 0"),
        ("chroot", "161, 0"),
        ("setns", "308, 0, 0"),
        ("io_uring_setup", "425, 1, 0"),
        ("bpf", "321, 0, 0, 0"),
        ("keyctl", "250, 0, 0"),
        ("shmget", "29, 0, 4096, 0o1600"),
        ("msgget", "68, 0, 0o1600"),
        ("semget", "64, 0, 1, 0o1600"),
        ("userfaultfd", "323, 0"),
        ("perf_event_open", "298, 0, 0, 0, 0, 0"),
        ("memfd_create", "319, b'x', 0"),
        ("mknod", "133, b'x', 0o20600, 259"),
        ("process_vm_readv", "310, 1, 0, 0, 0, 0, 0"),
        ("clone3", "435, 0, 0"),
        ("fcntl(F_SETOWN)", "72, 0, 8, 1"),
        ("ioctl(TIOCSTI)", "16, 0, 0x5412, b'x'"),
    ],
)
def test_system_calls_beyond_the_list_fail(sandbox: Sandbox, name: str, call: str) -> None:
    assert answer(sandbox, f"{SYSCALL}({call})") == "-1", name


@X86_ONLY
def test_calls_of_another_architecture_kill(sandbox: Sandbox) -> None:
    result = sandbox.run(f"{SYSCALL}(0x40000000 + 39)")
    assert (result.status, result.exit_code) == (Status.KILLED, -31)


def test_other_processes_cannot_be_seen_or_signalled(sandbox: Sandbox) -> None:
    pid = os.getpid()
    assert answer(sandbox, f"os.kill({pid}, 0)") in REFUSED
    seen = answer(sandbox, "sorted(n for n in os.listdir('/proc') if n.isdigit())")
    assert seen in ("['1', '2']", "PermissionError")


def test_kill_minus_one_hurts_nobody_else(sandbox: Sandbox) -> None:
    sandbox.run("import os\nos.kill(-1, 9)")
    assert sandbox.run("print(1)").stdout == "1\n"


@pytest.mark.parametrize("victim", ["os.getppid()", "1", "0"])
@pytest.mark.parametrize("number", [2, 9, 15, 19])
def test_signals_to_its_parents_are_harmless(sandbox: Sandbox, victim: str, number: int) -> None:
    program = f"import os\ntry: os.kill({victim}, {number})\nexcept OSError: pass\nprint('on')"
    result = sandbox.run(program, limits=Limits(wall_seconds=1))
    assert result.status in (Status.OK, Status.KILLED, Status.ERROR, Status.TIMEOUT)
    assert sandbox.run("print(1)").stdout == "1\n"


def test_process_1_of_the_run_cannot_be_opened(namespaces: Sandbox) -> None:
    for name in ("mem", "maps", "environ"):
        assert answer(namespaces, f"open('/proc/1/{name}', 'rb').read(1)") == "PermissionError"
    assert answer(namespaces, "os.listdir('/proc/1/fd')") == "PermissionError"


def test_a_fork_bomb_is_contained_and_gone(namespaces: Sandbox) -> None:
    bomb = "import os, time\ntry:\n while True:\n  if os.fork() == 0: time.sleep(60)\nexcept OSError: print('full')"
    assert namespaces.run(bomb).stdout == "full\n"
    assert answer(namespaces, "len([n for n in os.listdir('/proc') if n.isdigit()])") == "2"


def test_an_orphan_that_holds_stdout_does_not_keep_the_run(namespaces: Sandbox) -> None:
    orphan = (
        "import os, time\nif os.fork() == 0:\n os.setsid()\n if os.fork() == 0: time.sleep(60)\n"
        " os._exit(0)\nprint('done')"
    )
    result = namespaces.run(orphan)
    assert (result.status, result.stdout) == (Status.OK, "done\n")
    assert result.wall_seconds < 2


def test_locked_down_programs_start_no_process(sandbox: Sandbox) -> None:
    if sandbox.tier != "lockdown":
        pytest.skip("processes are allowed, and bounded, where they have a namespace of their own")
    assert answer(sandbox, "os.fork()") == "PermissionError"
    assert answer(sandbox, "os.execv(sys.executable, [sys.executable])") == "PermissionError"


def test_threads_are_bounded(namespaces: Sandbox) -> None:
    program = (
        "import threading, time\nn = 0\ntry:\n while n < 500:\n"
        "  threading.Thread(target=time.sleep, args=(9,), daemon=True).start(); n += 1\n"
        "except RuntimeError: pass\nprint(n)"
    )
    assert 1 <= int(namespaces.run(program).stdout) <= 16


def test_the_disk_is_bounded(sandbox: Sandbox) -> None:
    fill = "n = 0\nwhile True:\n with open(f'{n}', 'wb') as f: f.write(bytes(1 << 20))\n n += 1\n assert n < 400"
    result = sandbox.run(fill, limits=Limits(disk_mb=4, wall_seconds=20))
    assert result.status in (Status.ERROR, Status.KILLED)
    assert result.status is Status.ERROR or result.limit == "disk_mb"
    assert answer(sandbox, "os.listdir('.')") == "[]"


def test_the_number_of_files_is_bounded(sandbox: Sandbox) -> None:
    fill = "n = 0\nwhile True:\n open(f'{n}', 'w').close()\n n += 1"
    result = sandbox.run(fill, limits=Limits(wall_seconds=20, cpu_seconds=20))
    assert result.status is Status.ERROR or result.limit == "disk_mb"


def test_a_sparse_file_is_bounded(sandbox: Sandbox) -> None:
    assert answer(sandbox, "open('x', 'wb').truncate(1 << 40)") == "OSError"


def test_file_descriptors_are_few_and_bounded(sandbox: Sandbox) -> None:
    assert answer(sandbox, "len([os.dup(0) for _ in range(100)])") == "OSError"
    assert answer(sandbox, "[n for n in range(3, 1024) if attempt(lambda: os.fstat(n)) != 'OSError']") == "[]"


def test_privileges_are_gone(namespaces: Sandbox) -> None:
    status = namespaces.run("print(open('/proc/self/status').read(), end='')").stdout
    fields = dict(line.split(":", 1) for line in status.splitlines())
    assert {fields[name].strip() for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb")} == {"0" * 16}
    assert fields["NoNewPrivs"].strip() == "1"
    assert fields["Seccomp"].strip() == "2"
