"""The system call filter, run in a small interpreter of BPF: both architectures on any machine."""

import errno
import os
import re
import struct

import pytest

from agentrl.sandbox.embedded import seccomp, syscalls

ARCHES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, KILL = "allow", "kill"


def verdict(program: bytes, arch: int, number: int, *arguments: int) -> str | int:
    """What the kernel would do: "allow", "kill", or an errno."""
    data = struct.pack("<IIQ6Q", number, arch, 0, *arguments, *[0] * (6 - len(arguments)))
    accumulator = place = 0
    while True:
        code, if_true, if_false, value = struct.unpack_from("=HBBI", program, place * 8)
        place += 1
        if code == 0x06:
            return {0x7FFF0000: ALLOW, 0x80000000: KILL}.get(value, value & 0xFFFF)
        if code == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, value)
        elif code == 0x54:
            accumulator &= value
        elif code == 0x05:
            place += value
        else:
            tests = {0x15: accumulator == value, 0x25: accumulator > value, 0x35: accumulator >= value}
            test = tests[code] if code in tests else bool({0x45: accumulator & value}[code])
            place += if_true if test else if_false


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("tier", ["namespaces", "container", "lockdown"])
def test_exactly_the_listed_calls_are_allowed(machine: str, tier: str) -> None:
    program = seccomp.build(tier, True, False, pid=77, machine=machine)
    table = syscalls.numbers(machine)
    listed = {table[name] for name in syscalls.allowed(tier) if name in table}
    by_arguments = {table[name] for name in seccomp._rules(tier, True, False, 77)}
    for number in set(range(512)) - by_arguments:
        expected = ALLOW if number in listed else errno.ENOSYS if number > syscalls.NEWEST else errno.EPERM
        assert verdict(program, ARCHES[machine], number) == expected, number


@pytest.mark.parametrize("tier", ["namespaces", "container"])
def test_namespaces_cannot_be_cloned(machine: str, tier: str) -> None:
    program = seccomp.build(tier, True, False, pid=0, machine=machine)
    clone = syscalls.numbers(machine)["clone"]
    assert verdict(program, ARCHES[machine], clone, 17) == ALLOW
    for bit in (17, 25, 26, 27, 28, 29, 30):
        assert verdict(program, ARCHES[machine], clone, 17 | 1 << bit) == errno.EPERM


def test_in_lockdown_only_threads_can_be_cloned(machine: str) -> None:
    program = seccomp.build("lockdown", True, False, pid=77, machine=machine)
    clone = syscalls.numbers(machine)["clone"]
    assert verdict(program, ARCHES[machine], clone, 0x3D0F00) == ALLOW
    assert verdict(program, ARCHES[machine], clone, 0x1200011) == errno.EPERM


def test_in_lockdown_signals_reach_the_program_alone(machine: str) -> None:
    program = seccomp.build("lockdown", True, False, pid=77, machine=machine)
    table = syscalls.numbers(machine)
    for name in ("kill", "tgkill"):
        assert verdict(program, ARCHES[machine], table[name], 77) == ALLOW
        assert verdict(program, ARCHES[machine], table[name], 78) == errno.EPERM
        assert verdict(program, ARCHES[machine], table[name], 0xFFFFFFFF) == errno.EPERM


@pytest.mark.parametrize("tier", ["namespaces", "container"])
def test_limits_and_priorities_can_be_changed_of_the_caller_alone(machine: str, tier: str) -> None:
    """Process 1 of the namespaces, on which a run hangs, has the program's user id; so has a watch in "container"."""
    program = seccomp.build(tier, True, False, pid=0, machine=machine)
    table = syscalls.numbers(machine)
    for name in ("prlimit64", "sched_setaffinity"):
        assert verdict(program, ARCHES[machine], table[name], 0) == ALLOW
        assert verdict(program, ARCHES[machine], table[name], 1) == errno.EPERM
    assert verdict(program, ARCHES[machine], table["setpriority"], 0, 0) == ALLOW
    for which, who in ((0, 1), (1, 0), (1, 1), (2, 0)):
        assert verdict(program, ARCHES[machine], table["setpriority"], which, who) == errno.EPERM


@pytest.mark.parametrize(
    ("family", "expected"), [(1, ALLOW), (2, errno.EACCES), (16, errno.EACCES), (40, errno.EACCES)]
)
def test_sockets_of_other_families_are_refused(machine: str, family: int, expected: str | int) -> None:
    program = seccomp.build("namespaces", True, False, pid=0, machine=machine)
    assert verdict(program, ARCHES[machine], syscalls.numbers(machine)["socket"], family) == expected


def test_named_sockets_are_refused_where_they_could_reach_others(machine: str) -> None:
    table = syscalls.numbers(machine)
    programs = {tier: seccomp.build(tier, True, False, 77, machine) for tier in ("container", "lockdown")}
    for program in (seccomp.build("namespaces", False, False, 0, machine), *programs.values()):
        assert verdict(program, ARCHES[machine], table["socket"], 1) == errno.EACCES
    for program in programs.values():
        assert verdict(program, ARCHES[machine], table["socketpair"], 1, 1) == ALLOW
        assert verdict(program, ARCHES[machine], table["socketpair"], 1, 2) == errno.EACCES
        for name in ("bind", "connect", "listen"):
            assert verdict(program, ARCHES[machine], table[name]) == errno.EPERM


@pytest.mark.parametrize("tier", ["namespaces", "container", "lockdown"])
def test_memory_that_only_a_cgroup_counts_is_refused_without_one(machine: str, tier: str) -> None:
    number, anonymous = syscalls.numbers(machine)["mmap"], 0x20
    without, within = (seccomp.build(tier, True, grouped, 77, machine) for grouped in (False, True))
    for kind in (1, 3):  # MAP_SHARED, MAP_SHARED_VALIDATE
        assert verdict(without, ARCHES[machine], number, 0, 4096, 3, kind | anonymous) == errno.EPERM
        assert verdict(within, ARCHES[machine], number, 0, 4096, 3, kind | anonymous) == ALLOW
        assert verdict(without, ARCHES[machine], number, 0, 4096, 3, kind) == ALLOW  # of a file
    assert verdict(without, ARCHES[machine], number, 0, 4096, 3, 2 | anonymous) == ALLOW


def test_another_architecture_kills(machine: str) -> None:
    program = seccomp.build("namespaces", True, False, pid=0, machine=machine)
    assert verdict(program, 0x40000003, 1) == KILL


def test_x32_kills() -> None:
    program = seccomp.build("namespaces", True, False, pid=0, machine="x86_64")
    assert verdict(program, ARCHES["x86_64"], 0x40000001) == KILL


def test_clone3_makes_libc_fall_back(machine: str) -> None:
    program = seccomp.build("namespaces", True, False, pid=0, machine=machine)
    assert verdict(program, ARCHES[machine], 435) == errno.ENOSYS


DANGEROUS = """
ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd shmget shmat shmctl semget msgget mq_open memfd_create
memfd_secret mount umount2 chroot pivot_root unshare setns mknodat setuid setresuid setgroups capset bpf perf_event_open
userfaultfd io_uring_setup keyctl add_key request_key init_module finit_module kexec_load reboot swapon personality
landlock_restrict_self seccomp fanotify_init name_to_handle_at open_by_handle_at quotactl acct settimeofday fchownat
"""


@pytest.mark.parametrize("tier", ["namespaces", "container", "lockdown"])
def test_no_dangerous_call_is_on_a_list(tier: str) -> None:
    assert set(syscalls.allowed(tier)) & set(DANGEROUS.split()) == set()


HEADERS = {"x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "/usr/include/asm-generic/unistd.h"}


def test_the_numbers_are_those_of_the_kernels_headers(machine: str) -> None:
    """asm-generic/unistd.h is what aarch64 has; where it names a call only as __NR3264_x, the number is the same."""
    if not os.path.exists(HEADERS[machine]):
        pytest.skip("the kernel's headers are not installed")
    with open(HEADERS[machine]) as file:
        found = re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", file.read())
    table = {name: int(number) for name, number in found}
    table |= {"newfstatat": table.get("fstatat", table.get("newfstatat", 0))} if machine == "aarch64" else {}
    known = {name: number for name, number in syscalls.numbers(machine).items() if number <= max(table.values())}
    assert {name: number for name, number in known.items() if table.get(name) != number} == {}
