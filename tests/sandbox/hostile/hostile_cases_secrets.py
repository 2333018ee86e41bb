"""The cases 36 to 47: secrets."""

from hostile_case import Case

_ROOT = "a root of its own that holds libraries only"
_LAND = "landlock"
_INSIDE = "landlock; the container's own root"
SECRETS = [
    Case(
        "secrets/c36_host_file",
        "ok",
        by=_ROOT,
        by_lockdown=_LAND,
        by_container=_INSIDE,
        real="none",
        uncovered="lockdown: that a file exists, and its size, can be told",
    ),
    Case(
        "secrets/c37_environment",
        "ok",
        by="a fixed environment; a /proc of its own",
        by_lockdown="a fixed environment; landlock",
        by_container="a fixed environment; landlock",
        real="none",
    ),
    Case("secrets/c38_system_files", "ok", by=_ROOT, by_lockdown=_LAND, by_container=_INSIDE, real="none"),
    Case(
        "secrets/c39_proc_1",
        "ok",
        by="a /proc of its own; process 1 is not dumpable",
        by_lockdown=_LAND,
        by_container=_LAND,
        real="none",
    ),
    Case(
        "secrets/c40_inherited_descriptors",
        "ok",
        by="every other descriptor is closed",
        by_lockdown="the same",
        by_container="the same",
    ),
    Case(
        "secrets/c41a_symlink_out",
        "ok",
        by=_ROOT,
        by_lockdown="links are refused (landlock)",
        by_container=_INSIDE,
        real="none",
    ),
    Case(
        "secrets/c41b_symlink_for_the_host",
        "ok",
        by="nothing of a run is opened from outside",
        by_lockdown="links are refused; the clean-up follows none",
        by_container="the clean-up follows no link",
    ),
    Case(
        "secrets/c41c_swapped_directories",
        "ok killed",
        by="nothing of a run is opened from outside",
        by_lockdown="no directory can be made",
        by_container="the look and the clean-up follow no link",
    ),
    Case(
        "secrets/c42_hard_link",
        "ok",
        by=_ROOT + "; no archive is ever unpacked",
        by_lockdown=_LAND,
        by_container=_INSIDE,
        real="none",
    ),
    Case(
        "secrets/c43_fifo",
        "ok",
        by="nothing of a run is opened from outside",
        by_lockdown="refused (landlock)",
        by_container="the clean-up opens no file",
    ),
    Case(
        "secrets/c44_standard_library",
        "ok",
        by="mounted read-only; landlock",
        by_lockdown=_LAND,
        by_container=_INSIDE,
        real="none",
    ),
    Case(
        "secrets/c45_devices",
        "ok",
        by="four devices; no capabilities; mknod is not on the list",
        by_lockdown="landlock; mknod is not on the list",
        by_container="landlock; mknod is not on the list",
        real="none",
    ),
    Case(
        "secrets/c46_previous_run",
        "ok memory",
        by="a fresh /tmp; the fork server never reads a payload",
        by_lockdown="its directory is emptied; the fork server never reads a payload",
        by_container="the same",
        real="none",
        has_predecessor=True,
    ),
    Case(
        "secrets/c47_setuid",
        "ok memory",
        by="no_new_privs; everything is mounted nosuid",
        by_lockdown="exec is refused",
        by_container="no_new_privs",
        real="none",
    ),
]
