"""What Ctrl-C does to a run: during training it ends the present step first, and always it says how to go on."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from types import FrameType

from agentrl.errors import AgentRLError, RunDirectoryError
from agentrl.runs.directory import RunDirectory
from agentrl.training.progress import Display


@contextlib.contextmanager
def told_how_to_go_on(run: RunDirectory, display: Display) -> Iterator[None]:
    """Ctrl-C in the block is passed on, once the run has been named; run.log keeps what ended the run."""
    try:
        yield
    except KeyboardInterrupt:
        _keep(run, "stopped by Ctrl-C")
        display.say(f"Go on with: agentrl train --resume {run.path}", "yellow")
        raise
    except AgentRLError as error:
        _keep(run, f"stopped: {error}")
        raise


@contextlib.contextmanager
def stop_on_interrupt(display: Display) -> Iterator[Callable[[], bool]]:
    """The first Ctrl-C asks the loop to stop after the present step, the second stops at once."""
    asked = False

    def handle(number: int, frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        display.say("stopping after this step, with a checkpoint; press Ctrl-C again to stop at once", "yellow")

    try:
        before = signal.signal(signal.SIGINT, handle)
    except ValueError:  # not in the main thread: nobody can press Ctrl-C here
        yield lambda: False
        return
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


def _keep(run: RunDirectory, text: str) -> None:
    with contextlib.suppress(RunDirectoryError):  # a full disk must not hide what ended the run
        run.append_log(text)
