"""What ends a command that holds engines: every way of ending it becomes the one that cleans up."""

from __future__ import annotations

import signal
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def end_by_keyboard_interrupt() -> None:
    """Let SIGTERM and SIGHUP raise KeyboardInterrupt as Ctrl-C does, so that `finally` blocks stop the engines.

    A signal that the starter ignores stays ignored: `nohup` means it.
    """
    for number in ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """Begins to undo, once: a second Ctrl-C must not leave half of the engines behind."""
    for each in ENDING:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt
