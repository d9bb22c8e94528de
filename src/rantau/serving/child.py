"""What a process of the house owes the others: it leaves with its parent, and knows no secret in vain."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
from collections.abc import Callable, Mapping

PR_SET_PDEATHSIG = 1
SECRET = re.compile(
    r"RANTAU_SITE|RANTAU_DB|DATABASE|(^|_)DB(_|$)|^PG[A-Z]+$|POSTGRES|^MYSQL|SECRET|DJANGO|PASSW(OR)?D", re.I
)


def bound_to_parent() -> Callable[[], None]:
    """To be called between fork and exec (Popen's preexec_fn): when the thread that starts the process ends, by
    whatever, the process is killed, also one that is frozen. Linux alone promises that; elsewhere the supervisor's
    own end must do."""
    parent = os.getpid()
    library = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None

    def bind() -> None:
        if library is not None:
            library.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL))
            if os.getppid() != parent:  # it died before we could say so
                os._exit(1)

    return bind


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment of a worker: nothing that names the database or signs sessions."""
    return {name: value for name, value in environment.items() if not SECRET.search(name)}


def forget_secrets() -> None:
    """The same for this process, however it was started."""
    for name in set(os.environ) - set(without_secrets(os.environ)):
        del os.environ[name]
