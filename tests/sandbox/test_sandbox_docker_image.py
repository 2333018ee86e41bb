"""The container from outside: its image, its settings, its filter, and what is said when something lacks."""

import io
import json
import os
import stat
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker_daemon import daemon_or_skip, docker_or_skip

from agentrl.errors import SandboxError
from agentrl.sandbox.docker import image as images
from agentrl.sandbox.docker import rootfs
from agentrl.sandbox.docker.backend import DockerSandbox
from agentrl.sandbox.docker.daemon import Daemon
from agentrl.sandbox.docker.profile import seccomp_profile


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    opened = daemon_or_skip()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def docker() -> Iterator[DockerSandbox]:
    opened = docker_or_skip(workers=1)
    yield opened
    opened.close()


@pytest.fixture
def empty_image(daemon: Daemon) -> Iterator[str]:
    """An image without any program."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("nothing"))
    name = "agentrl-test-empty:1"
    daemon.api.import_image_from_data(archive.getvalue(), repository="agentrl-test-empty", tag="1")
    yield name
    daemon.api.remove_image(name, force=True)


@pytest.fixture
def old_image(daemon: Daemon) -> Iterator[str]:
    """An image whose `python3` is, as far as the boot code can see, an older one."""
    system = rootfs.plan()
    real = system.links["/usr/local/bin/python3"]
    name, shim = (
        "agentrl-test-old:1",
        f"#!/bin/sh\nfor code; do :; done\nexec {real} -c 'import sys\nsys.version_info = (3, 9)\n'\"$code\"\n",
    )
    base = images.build(daemon)
    made = daemon.api.create_container(base, ["true"])["Id"]
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo("python3")
        entry.size, entry.mode = len(shim), 0o755
        tar.addfile(entry, io.BytesIO(shim.encode()))
    daemon.api.put_archive(made, "/usr/local/bin", archive.getvalue())
    daemon.api.commit(made, repository="agentrl-test-old", tag="1")
    daemon.remove(made)
    yield name
    daemon.api.remove_image(name, force=True)


def test_an_image_that_the_user_names_is_used(daemon: Daemon) -> None:
    daemon.api.tag(images.build(daemon), "agentrl-test-named", "mine")
    try:
        opened = docker_or_skip(workers=1, image="agentrl-test-named:mine")
        assert daemon.api.inspect_container(opened._container.id)["Image"] == images.find(
            daemon, "agentrl-test-named:mine"
        )
        assert opened.run("print(1)").stdout == "1\n"
        opened.close()
    finally:
        daemon.api.remove_image("agentrl-test-named:mine", force=True)


def test_an_image_that_is_missing_is_named_and_not_pulled() -> None:
    with pytest.raises(SandboxError, match=r"no image 'nobody/has:this'.*docker pull nobody/has:this"):
        docker_or_skip(image="nobody/has:this")


def test_a_name_that_cannot_be_an_image_is_told() -> None:
    with pytest.raises(SandboxError, match="look up the image 'NOT A NAME'"):
        docker_or_skip(image="NOT A NAME")


def test_an_image_without_python_is_told(empty_image: str) -> None:
    with pytest.raises(SandboxError, match="python3"):
        docker_or_skip(image=empty_image)


def test_an_image_with_an_old_python_is_told(old_image: str) -> None:
    with pytest.raises(SandboxError, match=r"has Python 3.9, but the sandbox needs 3.11"):
        docker_or_skip(image=old_image)


def test_a_missing_sdk_is_told_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)
    with pytest.raises(SandboxError, match=r"pip install 'agentrl\[docker\]'"):
        Daemon()


@pytest.mark.parametrize("host", ["unix:///nowhere/docker.sock", "tcp://127.0.0.1:1", "nonsense://x"])
def test_a_daemon_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    pytest.importorskip("docker")
    monkeypatch.setenv("DOCKER_HOST", host)
    with pytest.raises(SandboxError, match=rf"(?s)no docker daemon answers at {host}.*DOCKER_HOST"):
        Daemon()


def test_no_workers_are_refused() -> None:
    with pytest.raises(ValueError, match="workers"):
        DockerSandbox(workers=0)


def test_the_container_is_closed_on_all_sides(docker: DockerSandbox, daemon: Daemon) -> None:
    told = daemon.api.inspect_container(docker._container.id)
    host = told["HostConfig"]
    assert (host["NetworkMode"], host["ReadonlyRootfs"], host["AutoRemove"], host["Privileged"]) == (
        "none",
        True,
        True,
        False,
    )
    assert host["CapDrop"] == ["ALL"]
    assert {name.removeprefix("CAP_") for name in host["CapAdd"]} == {"CHOWN", "KILL", "SETGID", "SETUID"}
    assert "no-new-privileges" in host["SecurityOpt"]
    assert host["Memory"] == host["MemorySwap"] > 0
    assert host["PidsLimit"] > 0
    assert host["IpcMode"] == "none"
    assert host["LogConfig"]["Type"] == "none"
    assert host["Sysctls"] == {"kernel.shm_rmid_forced": "1"}
    assert not host["Binds"]
    assert told["Config"]["StdinOnce"]
    assert {
        word for options in host["Tmpfs"].values() for word in ("nosuid", "nodev", "nr_inodes") if word not in options
    } == set()


def as_root(docker: DockerSandbox, daemon: Daemon, code: str) -> str:
    """What `code` prints as the container's root, without a filter of its own: what a broken-out program could do."""
    made = daemon.api.exec_create(docker._container.id, ["python3", "-S", "-c", code], user="0")
    return str(daemon.api.exec_start(made["Id"]).decode())


@pytest.mark.parametrize("family", ["AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK", "AF_ALG"])
def test_even_its_root_has_only_unix_sockets(docker: DockerSandbox, daemon: Daemon, family: str) -> None:
    code = f"import socket\ntry: socket.socket(socket.{family}, socket.SOCK_RAW)\nexcept OSError as e: print(e.errno)"
    assert as_root(docker, daemon, code) == "1\n"
    assert as_root(docker, daemon, "import socket; socket.socket(socket.AF_UNIX); print('made')") == "made\n"


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers are those of x86-64")
@pytest.mark.parametrize(
    ("name", "call", "number"),
    [
        ("ptrace", "101, 0, 0, 0, 0", 1),
        ("unshare(NEWUSER)", "272, 0x10000000", 1),
        ("clone(NEWUSER)", "56, 0x10000011, 0, 0, 0, 0", 1),
        ("clone3", "435, 0, 0", 38),
        ("mount", "165, 0, 0, 0, 0, 0", 1),
        ("chroot", "161, 0", 1),
        ("setns", "308, 0, 0", 1),
        ("io_uring_setup", "425, 1, 0", 1),
        ("bpf", "321, 0, 0, 0", 1),
        ("keyctl", "250, 0, 0", 1),
        ("add_key", "248, 0, 0, 0, 0, 0", 1),
        ("shmget", "29, 0, 4096, 0o1600", 1),
        ("msgget", "68, 0, 0o1600", 1),
        ("semget", "64, 0, 1, 0o1600", 1),
        ("mq_open", "240, b'x', 0o102, 0o600, 0", 1),
        ("userfaultfd", "323, 0", 1),
        ("perf_event_open", "298, 0, 0, 0, 0, 0", 1),
        ("process_vm_readv", "310, 1, 0, 0, 0, 0, 0", 1),
        ("kexec_load", "246, 0, 0, 0, 0", 1),
        ("init_module", "175, 0, 0, 0", 1),
        ("open_by_handle_at", "304, 0, 0, 0", 1),
        ("quotactl", "179, 0, 0, 0, 0", 1),
        ("personality", "135, 0x0400000", 1),
        ("mknod", "133, b'/work/x', 0o20600, 259", 1),
    ],
)
def test_even_its_root_lacks_dangerous_calls(
    docker: DockerSandbox, daemon: Daemon, name: str, call: str, number: int
) -> None:
    code = f"import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\nprint(libc.syscall({call}), ctypes.get_errno())"
    assert as_root(docker, daemon, code) == f"-1 {number}\n", name


def test_its_root_can_write_nowhere_but_in_its_tmpfs(docker: DockerSandbox, daemon: Daemon) -> None:
    code = (
        "import os\nfound = []\n"
        "for top in ('/', '/etc', '/usr', '/usr/bin', '/dev', '/sys', '/proc/sys/kernel', '/var/tmp', '/root'):\n"
        "    try: open(top + '/agentrl-x', 'w'); found.append(top)\n    except OSError: pass\nprint(found)"
    )
    assert as_root(docker, daemon, code) in ("[]\n", "['/dev']\n")  # docker's /dev is a tmpfs of 64 KiB


def test_the_profile_is_an_allow_list() -> None:
    profile = json.loads(seccomp_profile())
    assert profile["defaultAction"] == "SCMP_ACT_ERRNO"
    allowed = {name for rule in profile["syscalls"] if rule["action"] == "SCMP_ACT_ALLOW" for name in rule["names"]}
    forbidden = "ptrace mount umount2 unshare setns bpf keyctl io_uring_setup shmget mknod chroot reboot userfaultfd"
    assert not allowed & set(forbidden.split())


def test_the_image_holds_the_interpreter_and_no_packages() -> None:
    system = rootfs.plan()
    library = os.path.realpath(sysconfig.get_path("stdlib"))
    assert {f"{library}/os.py", f"{library}/json/decoder.py", os.path.realpath(sys.executable)} <= system.files
    assert not any("site-packages" in path or "dist-packages" in path for path in system.files)
    assert all(os.path.isabs(target) for target in system.links.values())


def test_the_digest_follows_the_contents(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    for path in paths:
        path.write_text("1")

    def digest(*chosen: Path) -> str:
        system = rootfs.RootFileSystem()
        for path in chosen:
            system.add(str(path))
        return system.digest()

    first = digest(*paths)
    assert digest(*reversed(paths)) == first
    assert digest(paths[0]) != first
    paths[1].write_text("2")
    assert digest(*paths) != first


def test_nothing_in_the_archive_is_setuid_or_writable_for_others(tmp_path: Path) -> None:
    tool, link = tmp_path / "tool", tmp_path / "link"
    tool.write_text("#!/bin/sh\n")
    tool.chmod(0o6777)
    link.symlink_to(tool)
    system = rootfs.RootFileSystem()
    system.add(str(link))
    system.write(str(tmp_path / "image.tar"))
    with tarfile.open(tmp_path / "image.tar") as archive:
        entries = {f"/{entry.name}": entry for entry in archive}
    assert stat.S_IMODE(entries[str(tool)].mode) == 0o755
    assert (entries[str(link)].type, entries[str(link)].linkname) == (tarfile.SYMTYPE, str(tool))
    assert {name for name, entry in entries.items() if entry.mode & 0o002 and not entry.issym()} == {"/tmp", "/var/tmp"}
    assert {entry.uid for entry in entries.values()} == {0}


def test_the_command_builds_the_image_and_prints_its_name(daemon: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    assert images.main([]) == 0
    name = capsys.readouterr().out.strip()
    assert name.startswith("agentrl-sandbox:")
    assert images.find(daemon, name) == images.build(daemon)
    assert images.main(["--nonsense"]) == 2
