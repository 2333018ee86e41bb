"""The image of the container: made of this machine's own files, without a registry, or one that the user names.

python -m agentrl.sandbox.docker.image            build it now, and print its name
python -m agentrl.sandbox.docker.image --prune    remove the ones of earlier interpreters, too
"""

import contextlib
import os
import sys
import tempfile
from functools import cache

from agentrl.errors import SandboxError
from agentrl.sandbox.docker import rootfs
from agentrl.sandbox.docker.daemon import Daemon

REPOSITORY = "agentrl-sandbox"
_LABEL = "agentrl.sandbox.image"


def find(daemon: Daemon, name: str) -> str:
    """The id of an image that the daemon has. Raises SandboxError when it has none of this name; nothing is pulled."""
    found = _look_up(daemon, name)
    if found is None:
        raise SandboxError(
            f"the docker daemon has no image {name!r}, and the sandbox pulls none by itself: docker pull {name}"
        )
    return found


def _look_up(daemon: Daemon, name: str) -> str | None:
    with daemon.asked(f"look up the image {name!r}"):
        try:
            return str(daemon.api.inspect_image(name)["Id"])
        except daemon.errors.ImageNotFound:
            return None


def build(daemon: Daemon) -> str:
    """The id of the image of this machine's interpreter, made now where the daemon does not have it yet.

    Its tag is a digest of what it holds. Raises SandboxError.
    """
    try:
        system, digest = _planned()
        name = f"{REPOSITORY}:{digest}"
        found = _look_up(daemon, name)
        if found is not None:
            return found
        print(f"agentrl: making the docker image {name} (once; some seconds)", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="agentrl-image-") as folder:
            archive = os.path.join(folder, "image.tar")
            system.write(archive)
            with daemon.asked("take the image"):
                labels = [f"LABEL {_LABEL}=1"]
                daemon.api.import_image_from_file(archive, repository=REPOSITORY, tag=digest, changes=labels)
    except OSError as error:
        raise SandboxError(f"no image can be made of this machine's files: {error}. Name one by `image`") from error
    return find(daemon, name)


@cache
def _planned() -> tuple[rootfs.RootFileSystem, str]:
    system = rootfs.plan()
    return system, system.digest()


def prune(daemon: Daemon, keep: str) -> int:
    """Remove the images that we made, except `keep` (an id) and those in use; returns their number."""
    removed = 0
    with daemon.asked("list its images"):
        images = daemon.api.images(filters={"label": _LABEL})
    for image in images:
        if image["Id"] == keep:
            continue
        with contextlib.suppress(SandboxError), daemon.asked("remove an image"):  # a container may use it
            daemon.api.remove_image(image["Id"], force=True)
            removed += 1
    return removed


def main(arguments: list[str]) -> int:
    """The command: 0, or 2 for an unknown word."""
    if arguments not in ([], ["--prune"]):
        print("usage: python -m agentrl.sandbox.docker.image [--prune]", file=sys.stderr)
        return 2
    daemon = Daemon()
    try:
        image = build(daemon)
        print(f"{REPOSITORY}:{_planned()[1]}")
        if arguments:
            print(f"{prune(daemon, image)} removed", file=sys.stderr)
    except SandboxError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    finally:
        daemon.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
