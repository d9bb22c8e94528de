"""What all child processes share: they leave with their parent, their errors travel, and their end has words."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import traceback
from multiprocessing import connection, parent_process


def leave_with_parent() -> None:
    """Begins a thread that ends this process at once when its parent is gone."""
    threading.Thread(target=_wait_and_leave, daemon=True).start()


def _wait_and_leave() -> None:
    parent = parent_process()
    assert parent is not None
    connection.wait([parent.sentinel])
    os._exit(1)


def able_to_travel(error: Exception, title: str = "") -> Exception:
    """The error with its traceback as a note under `title`; its words alone where it cannot be rebuilt from a
    pickle, as one whose __init__ asks for more than Exception keeps."""
    error.add_note(title + "".join(traceback.format_exception(error)))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError("\n".join([repr(error), *error.__notes__]))
    return error


def how_it_ended(code: int | None) -> str:
    """The exit code of a process in words."""
    if code is not None and code < 0:
        return f"by signal {-code} ({signal.Signals(-code).name})"
    return f"with exit code {code}"
