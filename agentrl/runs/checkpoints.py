"""Checkpoints that are whole or not there.

A checkpoint is written into a hidden folder beside its place, flushed to the disk, listed with sizes and SHA-256 sums
in a manifest, and renamed into place last. So a crash at any point leaves the earlier checkpoints and perhaps a
hidden folder, which the next save removes; a file that is damaged later is found by the manifest.
"""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from agentrl.errors import CheckpointError
from agentrl.runs.disk import FULL, explain_full, free_bytes, plain_errors, readable_size, sync, write_atomically

MANIFEST = "manifest.json"
NAME = re.compile(r"step_(\d+)")
SAVING = ".saving_"
REPLACED = ".replaced_"
REMOVED = ".removed_"
NEARLY_FULL = 1 << 20


def save_checkpoint(checkpoints_dir: Path, step: int, write: Callable[[Path], None], keep: int) -> Path:
    """Write the checkpoint of a step and return its folder; afterwards at most `keep` (>= 1) are left.

    `write` fills an empty folder. Checkpoints of later steps are removed too: they belong to a future that the run has
    left by going on from an earlier one. Raises CheckpointError when the disk is full or refuses; what else `write`
    raises comes through. In both cases the earlier checkpoints are untouched.
    """
    place = checkpoints_dir / f"step_{step:06d}"
    saving = checkpoints_dir / f"{SAVING}{place.name}"
    with plain_errors(CheckpointError, place):
        checkpoints_dir.mkdir(parents=True, exist_ok=True)
        _clean(checkpoints_dir)
        try:
            saving.mkdir()
            write(saving)
            _seal(saving, step)
        except BaseException as error:
            full = _is_full(error, saving)
            shutil.rmtree(saving, ignore_errors=True)
            if full:
                raise CheckpointError(f"{explain_full(place)} {_resumable(checkpoints_dir)}") from error
            raise
        _put_in_place(saving, place)
        _rotate(checkpoints_dir, step, keep)
    return place


def find_checkpoint(checkpoints_dir: Path) -> tuple[Path | None, list[str]]:
    """The newest whole checkpoint, or None, and notes in plain words on newer ones that are not whole."""
    notes: list[str] = []
    for step, path in reversed(_listed(checkpoints_dir)):
        if path.name.startswith(SAVING):
            problem = "its saving was interrupted"
        else:
            problem = verify_checkpoint(path)
        if not problem:
            return path, [f"{note}; going on from {_label(step)}." for note in notes]
        notes.append(f"Skipped the checkpoint of {_label(step)}: {problem}")
    return None, [f"{note}; no whole checkpoint is left." for note in notes]


def verify_checkpoint(path: Path) -> str:
    """What is wrong with a checkpoint, compared with its manifest, or "" when it is whole."""
    try:
        files = json.loads((path / MANIFEST).read_bytes())["files"]
        for name, entry in files.items():
            file = path / name
            if not file.is_file():
                return f"{name} is missing"
            size = file.stat().st_size
            if size != entry["size"]:
                return f"{name} is half-written ({readable_size(size)} of {readable_size(entry['size'])})"
            if _sha256(file) != entry["sha256"]:
                return f"{name} is damaged (its content does not match {MANIFEST})"
    except FileNotFoundError:
        return f"{MANIFEST} is missing"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"{MANIFEST} is unreadable"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"
    return ""


def checkpoint_step(path: Path) -> int:
    """The step of a checkpoint's folder. Raises CheckpointError when the name is not like step_000020."""
    match = NAME.fullmatch(path.name.removeprefix(REPLACED))
    if match is None:
        raise CheckpointError(f"{path} is no checkpoint: its name should be like step_000020.")
    return int(match[1])


def _seal(folder: Path, step: int) -> None:
    """Flush all files of a folder to the disk and list them in a manifest."""
    files = {}
    for path in sorted(folder.rglob("*")):
        sync(path)
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            files[name] = {"size": path.stat().st_size, "sha256": _sha256(path)}
    write_atomically(folder / MANIFEST, json.dumps({"step": step, "files": files}, indent=2).encode())


def _put_in_place(saving: Path, place: Path) -> None:
    """Rename `saving` to `place`; a checkpoint that is there steps aside first, and `_clean` knows where to."""
    aside = place.with_name(REPLACED + place.name)
    if place.exists():
        os.replace(place, aside)
    os.replace(saving, place)
    sync(place.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _clean(checkpoints_dir: Path) -> None:
    """Remove what interrupted saves left; a checkpoint that had stepped aside for one comes back."""
    for path in list(checkpoints_dir.iterdir()):
        if path.name.startswith((SAVING, REMOVED)):
            shutil.rmtree(path)
        elif path.name.startswith(REPLACED):
            place = path.with_name(path.name.removeprefix(REPLACED))
            if place.exists():
                shutil.rmtree(path)
            else:
                os.replace(path, place)


def _rotate(checkpoints_dir: Path, step: int, keep: int) -> None:
    """Remove all but the newest `keep` checkpoints up to `step`."""
    listed = _listed(checkpoints_dir)
    kept = [path for at, path in listed if at <= step][-keep:]
    for _, path in listed:
        if path not in kept:
            # renamed first, so that a crash half-way leaves no folder that looks like a checkpoint
            doomed = path.with_name(REMOVED + path.name)
            os.replace(path, doomed)
            shutil.rmtree(doomed)


def _listed(checkpoints_dir: Path) -> list[tuple[int, Path]]:
    """All folders named after a step, by step; those of one step in the order of their trust, the best last."""
    if not checkpoints_dir.is_dir():
        return []
    found = []
    for path in checkpoints_dir.iterdir():
        for trust, prefix in enumerate((SAVING, REPLACED, "")):
            match = NAME.fullmatch(path.name.removeprefix(prefix)) if path.name.startswith(prefix) else None
            if match and path.is_dir():
                found.append((int(match[1]), trust, path))
                break
    return [(step, path) for step, _, path in sorted(found)]


def _resumable(checkpoints_dir: Path) -> str:
    path, _ = find_checkpoint(checkpoints_dir)
    return f"Nothing is lost: --resume goes on from {_label(checkpoint_step(path))}." if path else ""


def _is_full(error: BaseException, folder: Path) -> bool:
    """Whether a full disk is behind an error of `write`: torch and safetensors raise no OSError for it."""
    if isinstance(error, OSError):
        return error.errno in FULL
    said = "No space left" in str(error) or "os error 28" in str(error)
    return said or (isinstance(error, RuntimeError) and free_bytes(folder) < NEARLY_FULL)


def _label(step: int) -> str:
    return f"step {step}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
