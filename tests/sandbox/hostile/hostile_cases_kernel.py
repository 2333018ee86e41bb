"""The cases 48 to 58: the network and the kernel."""

from hostile_case import Case

_NO_NET = "sockets of this kind are refused (seccomp)"
_OWN_NET = "an empty network namespace; " + _NO_NET
NETWORK = [
    Case("network/c48_localhost", "ok", by=_OWN_NET, by_lockdown=_NO_NET, by_container=_NO_NET, real="none"),
    Case("network/c49_internet", "ok", by=_OWN_NET, by_lockdown=_NO_NET, by_container=_NO_NET),
    Case("network/c50_udp", "ok", by=_OWN_NET, by_lockdown=_NO_NET, by_container=_NO_NET, real="none"),
    Case("network/c51_metadata_service", "ok", by=_OWN_NET, by_lockdown=_NO_NET, by_container=_NO_NET),
    Case(
        "network/c52_unix_sockets",
        "ok",
        by="landlock's scope of abstract sockets (6 and later), else refused",
        by_lockdown=_NO_NET,
        by_container=_NO_NET,
        real="none",
    ),
    Case("network/c53_raw_sockets", "ok", by=_OWN_NET, by_lockdown=_NO_NET, by_container=_NO_NET, real="none"),
]
_LIST = "not on the list of system calls"
KERNEL = [
    Case("kernel/c54_ptrace", "ok", by=_LIST, by_lockdown=_LIST, by_container=_LIST, real="none"),
    Case("kernel/c55_new_namespaces", "ok", by=_LIST, by_lockdown=_LIST, by_container=_LIST, real="none"),
    Case(
        "kernel/c56_kernel_surface",
        "ok",
        by=_LIST,
        by_lockdown=_LIST,
        by_container=_LIST,
        real="none",
        uncovered="a hole in a system call that is on the list is a hole here",
    ),
    Case(
        "kernel/c57a_x32",
        "killed",
        by="the filter kills",
        by_lockdown="the filter kills",
        by_container="the filter kills",
        kept="before\n",
    ),
    Case(
        "kernel/c57b_32_bit",
        "killed",
        by="the filter kills",
        by_lockdown="the filter kills",
        by_container="the filter kills",
        kept="before\n",
        real="none",
    ),
    Case(
        "kernel/c58_terminal",
        "ok",
        by="no terminal; ioctl by list",
        by_lockdown="no terminal; ioctl by list",
        by_container="no terminal; ioctl by list",
    ),
]
