"""Processes of the web room: python -m rantau.web web | finalizer | check | user NAME [--admin] | manage ARGS."""

from __future__ import annotations

import fcntl
import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rantau.errors import RantauError, RequestError, ServingError
from rantau.web.database import fault_of
from rantau.web.site import LOOPBACK, Site

USAGE = "python -m rantau.web web | finalizer | check | user NAME [--admin] | manage ARGS"


def main(arguments: list[str]) -> int:
    try:
        site = _begin()
        match arguments:
            case ["web"]:
                web(site)
            case ["finalizer"]:
                finalizer(site)
            case ["check"]:
                check(site)
            case ["user", name, *options] if set(options) <= {"--admin"}:
                make_user(site, name, admin=bool(options))
            case ["manage", *words]:
                manage(words)
            case _:
                raise RequestError(f"{' '.join(arguments) or 'nothing'}: no such process. {USAGE}")
    except RantauError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return error.exit_code
    return 0


def _begin() -> Site:
    import django

    os.umask(0o077)  # database and key are for nobody else, wherever they lie
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rantau.web.settings")
    django.setup()
    from rantau.web.site import current

    return current()


def web(site: Site) -> None:
    """Brings the database up to date, then serves until it is told to stop."""
    migrate(site)
    refuse_open_house(site)
    from rantau.web.identity import settle_soon
    from rantau.web.listening import listen, serve

    sockets = listen(site.host, site.port)
    settle_soon(site)
    if not serve(site, sockets):
        raise ServingError("the pages did not come up; the lines above say why.")


def check(site: Site) -> None:
    """Whether the chat may start: nothing of it runs yet, so that no other chat's prompt is touched.

    Raises   RequestError; ServingError if database or broker do not answer
    """
    from rantau.web.identity import settle_soon

    migrate(site)
    refuse_open_house(site)
    if not settle_soon(site):
        raise ServingError("the broker does not answer. Start it first.")


def migrate(site: Site) -> None:
    """One process at a time; the others wait and find nothing to do.

    Raises   RequestError, ServingError if the database cannot be used, or does not answer
    """
    from django.core.management import call_command
    from django.db import DatabaseError

    try:
        with _alone(Path(site.folder) / "migrate.lock"):
            call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as error:
        raise fault_of(site.database, error) from error


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def refuse_open_house(site: Site) -> None:
    """Raises   RequestError where others can reach the chat and nobody has an account"""
    from django.contrib.auth import get_user_model

    open_to_others = site.host not in LOOPBACK
    if open_to_others and not get_user_model().objects.exclude(password="").exclude(username="local").exists():
        raise RequestError(
            f"others can reach {site.host}, and nobody has an account yet. Make one first: "
            "python -m rantau.web user NAME --admin."
        )


def finalizer(site: Site) -> None:
    from rantau.web.upkeep.loop import run_forever

    migrate(site)
    run_forever(site)


def make_user(site: Site, name: str, *, admin: bool) -> None:
    """An account. The password comes from the terminal, or from standard input where that is none."""
    from django.contrib.auth import get_user_model
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError
    from django.db import IntegrityError

    from rantau.web.guard.viewer import LOCAL

    if name == LOCAL:
        raise RequestError(f"{name}: this name is of a chat without accounts. Choose another one.")
    migrate(site)
    users = get_user_model().objects
    taken = RequestError(f"{name}: there is such an account already. Choose another name.")
    if users.filter(username=name).exists():
        raise taken
    word = getpass.getpass(f"Password for {name}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    try:
        validate_password(word, get_user_model()(username=name))
    except ValidationError as error:
        raise RequestError(f"{name}: {' '.join(error.messages)}") from error
    try:
        (users.create_superuser if admin else users.create_user)(name, password=word)
    except IntegrityError as error:
        raise taken from error


def manage(words: list[str]) -> None:
    from django.core.management import execute_from_command_line

    execute_from_command_line(["python -m rantau.web manage", *words])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
