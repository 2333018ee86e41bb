"""The system call filter, run in a small interpreter of BPF: both architectures on any machine."""

import errno
import struct

import pytest

from agentrl.sandbox import seccomp, syscalls

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
        else:
            test = {0x15: accumulator == value, 0x25: accumulator > value, 0x45: bool(accumulator & value)}[code]
            place += if_true if test else if_false


@pytest.fixture(params=["x86_64", "aarch64"])
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("namespaces", [True, False])
def test_exactly_the_listed_calls_are_allowed(machine: str, namespaces: bool) -> None:
    program = seccomp.build(namespaces, True, pid=77, machine=machine)
    table = syscalls.numbers(machine)
    listed = {table[name] for name in syscalls.allowed(namespaces) if name in table}
    by_arguments = {table[name] for name in seccomp._rules(namespaces, True, 77)}
    for number in set(range(512)) - by_arguments:
        expected = ALLOW if number in listed else errno.ENOSYS if number > syscalls.NEWEST else errno.EPERM
        assert verdict(program, ARCHES[machine], number) == expected, number


def test_namespaces_cannot_be_cloned(machine: str) -> None:
    program = seccomp.build(True, True, pid=0, machine=machine)
    clone = syscalls.numbers(machine)["clone"]
    assert verdict(program, ARCHES[machine], clone, 17) == ALLOW
    for bit in (17, 25, 26, 27, 28, 29, 30):
        assert verdict(program, ARCHES[machine], clone, 17 | 1 << bit) == errno.EPERM


def test_without_namespaces_only_threads_can_be_cloned(machine: str) -> None:
    program = seccomp.build(False, True, pid=77, machine=machine)
    clone = syscalls.numbers(machine)["clone"]
    assert verdict(program, ARCHES[machine], clone, 0x3D0F00) == ALLOW
    assert verdict(program, ARCHES[machine], clone, 0x1200011) == errno.EPERM


def test_without_namespaces_signals_reach_the_program_alone(machine: str) -> None:
    program = seccomp.build(False, True, pid=77, machine=machine)
    table = syscalls.numbers(machine)
    for name in ("kill", "tgkill"):
        assert verdict(program, ARCHES[machine], table[name], 77) == ALLOW
        assert verdict(program, ARCHES[machine], table[name], 78) == errno.EPERM
        assert verdict(program, ARCHES[machine], table[name], 0xFFFFFFFF) == errno.EPERM


@pytest.mark.parametrize(
    ("family", "expected"), [(1, ALLOW), (2, errno.EACCES), (16, errno.EACCES), (40, errno.EACCES)]
)
def test_sockets_of_other_families_are_refused(machine: str, family: int, expected: str | int) -> None:
    program = seccomp.build(True, True, pid=0, machine=machine)
    assert verdict(program, ARCHES[machine], syscalls.numbers(machine)["socket"], family) == expected


def test_named_sockets_are_refused_where_they_could_reach_others(machine: str) -> None:
    table = syscalls.numbers(machine)
    for program in (seccomp.build(True, False, 0, machine), seccomp.build(False, True, 77, machine)):
        assert verdict(program, ARCHES[machine], table["socket"], 1) == errno.EACCES
    locked = seccomp.build(False, True, 77, machine)
    assert verdict(locked, ARCHES[machine], table["socketpair"], 1, 1) == ALLOW
    assert verdict(locked, ARCHES[machine], table["socketpair"], 1, 2) == errno.EACCES


def test_another_architecture_kills(machine: str) -> None:
    program = seccomp.build(True, True, pid=0, machine=machine)
    assert verdict(program, 0x40000003, 1) == KILL


def test_x32_kills() -> None:
    program = seccomp.build(True, True, pid=0, machine="x86_64")
    assert verdict(program, ARCHES["x86_64"], 0x40000001) == KILL


def test_clone3_makes_libc_fall_back(machine: str) -> None:
    program = seccomp.build(True, True, pid=0, machine=machine)
    assert verdict(program, ARCHES[machine], 435) == errno.ENOSYS
