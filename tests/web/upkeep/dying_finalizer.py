"""A finalizer that may kill itself: python -m ... never | before_commit | after_commit."""

import os
import signal
import sys
from typing import Any


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def main(when: str) -> None:
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = "rantau.web.settings"
    django.setup()
    from rantau.serving.queue import Finals
    from rantau.web.site import current
    from rantau.web.upkeep import finalizer
    from rantau.web.upkeep.loop import Pace, run_forever

    if when == "before_commit":
        write = finalizer.write

        def write_and_die(*arguments: Any) -> None:
            write(*arguments)
            die()

        finalizer.write = write_and_die
    if when == "after_commit":
        Finals.persisted = die  # type: ignore[method-assign]
    run_forever(current(), Pace(wait_ms=50, sweep_s=0.2, idle_ms=200, admit_after_s=0.3, lost_after_s=0.5))


if __name__ == "__main__":
    main(sys.argv[1])
