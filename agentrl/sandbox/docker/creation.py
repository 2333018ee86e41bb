"""How a container is made: what it may do, and how much."""

from dataclasses import dataclass

from agentrl.sandbox.docker import boot
from agentrl.sandbox.docker.daemon import LABEL, Daemon
from agentrl.sandbox.docker.profile import seccomp_profile
from agentrl.sandbox.embedded import leftovers

WORK = "/work"
"""Where the directories of the runs lie in the container (a tmpfs)."""
_CAPABILITIES = ["CHOWN", "KILL", "SETGID", "SETUID"]
_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/tmp"}
_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Size:
    """What all runs of a container together may use."""

    workers: int
    """Fork servers in the container."""
    in_flight: int
    """Runs at once, not counting those with a channel."""
    memory_mb: int
    """Memory of all processes and of `WORK` (MiB); there is no swap."""
    disk_mb: int
    """Size of `WORK` (MiB)."""
    processes: int
    """Processes and threads."""


def create(daemon: Daemon, image: str, size: Size) -> str:
    """Create a container that ends, and is removed, with the connection to its stdin; its id. Raises SandboxError."""
    with daemon.asked("create the container"):
        created = daemon.api.create_container(
            image,
            boot.COMMAND,
            detach=False,
            entrypoint=[],
            environment=_ENVIRONMENT,
            healthcheck={"test": ["NONE"]},
            host_config=_host_config(daemon, size),
            hostname="sandbox",
            labels={LABEL: leftovers.prefix()},
            stdin_open=True,
            stop_signal="SIGKILL",
            user="0:0",
            working_dir="/",
        )
    return str(created["Id"])


def start(daemon: Daemon, container: str) -> None:
    """Raises SandboxError with what the daemon said."""
    with daemon.asked("start the container"):
        daemon.api.start(container)


def _host_config(daemon: Daemon, size: Size) -> dict[str, object]:
    memory = size.memory_mb * _MIB
    tmpfs = {
        WORK: f"rw,nosuid,nodev,size={size.disk_mb}m,nr_inodes={size.disk_mb * 256},mode=0711",
        "/tmp": "rw,nosuid,nodev,noexec,size=1m,nr_inodes=64,mode=0711",
        boot.HOUSE: "rw,nosuid,nodev,noexec,size=4m,nr_inodes=256,mode=0755",
    }
    config: dict[str, object] = daemon.api.create_host_config(
        auto_remove=True,
        cap_add=_CAPABILITIES,
        cap_drop=["ALL"],
        init=True,
        ipc_mode="none",
        log_config={"type": "none", "config": {}},
        mem_limit=memory,
        memswap_limit=memory,
        network_mode="none",
        pids_limit=size.processes,
        read_only=True,
        security_opt=["no-new-privileges", f"seccomp={seccomp_profile()}"],
        sysctls={"kernel.shm_rmid_forced": "1"},
        tmpfs=tmpfs,
    )
    return config
