"""The site: what every process of one chat is told. `rantau serve` writes it; RANTAU_SITE names the file."""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, cast

from rantau import files
from rantau.errors import RequestError

VARIABLE = "RANTAU_SITE"
LOOPBACK = ("127.0.0.1", "::1", "localhost")
_NAME = re.compile(r"[\w-]+(\.[\w-]+)*|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")


@dataclass(frozen=True, slots=True)
class Served:
    """A model that answers. name: what prompts ask for; digest: of its weights; context: tokens it can take"""

    name: str
    title: str
    kind: Literal["adapted", "base"]
    digest: str = ""
    language: str = ""
    context: int = 2048


@dataclass(frozen=True, slots=True)
class SiteLimits:
    """queue: prompts that have not ended; each_owner: of one person; per_minute: prompts of one person;
    each_mib: talks that are kept of one person, 0 = without a limit"""

    queue: int = 64
    each_owner: int = 4
    message_chars: int = 16_000
    per_minute: int = 30
    each_mib: int = 256


@dataclass(frozen=True, slots=True)
class Site:
    """folder     database, the broker's data, secret key, logs
    hosts        names that it is reached by; those of this machine always are
    single_user  nobody signs in: only where nothing but this machine can reach it
    secure       behind TLS: a proxy says so in X-Forwarded-Proto
    models       the adapted one first
    language     of the answers, iso-639-3
    interface    language of the pages before a person chooses: en, id or ko
    wish         defaults of an answer, fields of protocol.Wish
    cannot       fields of a Wish that the engine does not grant: nobody is offered them, none is asked for
    keep_days    talks in which nothing was asked for so long are deleted; 0 = never
    keep_deleted_days  so long a deleted talk can be brought back
    """

    folder: str
    broker: str
    database: str
    host: str = "127.0.0.1"
    port: int = 8000
    hosts: tuple[str, ...] = ()
    single_user: bool = False
    secure: bool = False
    models: tuple[Served, ...] = ()
    language: str = ""
    interface: str = "en"
    pool: str = "main"
    limits: SiteLimits = SiteLimits()
    system_prompt: str = ""
    wish: Mapping[str, Any] = field(default_factory=dict)
    cannot: tuple[str, ...] = ()
    keep_days: int = 0
    keep_deleted_days: int = 30

    def __post_init__(self) -> None:
        if self.single_user and self.host not in LOOPBACK:
            raise RequestError(
                f"a chat without accounts may listen on this machine only, not on {self.host}. "
                "Make an account (python -m rantau.web user NAME) and leave single_user off, or use 127.0.0.1."
            )
        if self.single_user and self.secure:
            raise RequestError(
                "a chat behind a proxy needs accounts: for it, all that the proxy lets in is local."
            )
        if wrong := [name for name in self.hosts if not _NAME.fullmatch(name)]:
            raise RequestError(f"{wrong[0]!r}: no name of a site. Take one name, as chat.example.org.")
        if min(self.keep_days, self.keep_deleted_days, self.limits.each_mib) < 0:
            raise RequestError("keep_days, keep_deleted_days and limits.each_mib must be 0 or more.")

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        return (*LOOPBACK, *(h for h in self.hosts if h not in LOOPBACK))

    def model(self, name: str) -> Served | None:
        return next((m for m in self.models if m.name == name), None)


def write_site(path: Path, site: Site) -> None:
    with files.atomic(path) as temporary:
        temporary.touch(mode=0o600)  # before its first byte: the addresses may hold passwords
        temporary.write_text(files.canonical_json(asdict(site)) + "\n", encoding="utf-8")


def read_site(path: Path) -> Site:
    """Raises   RequestError if the file is not one of `write_site`"""
    if not path.is_file():
        raise RequestError(f"{path}: no such file. {VARIABLE} names the one that `rantau serve` writes.")
    row = files.read_json(path)
    try:
        models = tuple(Served(**model) for model in row.pop("models"))
        limits = SiteLimits(**row.pop("limits"))
        lists = {"hosts": tuple(row["hosts"]), "cannot": tuple(row.get("cannot", ()))}
        return Site(**{**row, **lists, "models": models, "limits": limits})
    except (TypeError, KeyError, AttributeError) as error:
        raise RequestError(f"{path}: no description of a chat ({error}). `rantau serve` writes it.") from error


def site_of_environment() -> Site:
    """The site, its broker as RANTAU_REDIS names it, if that is set: processes may be different users of it.

    Raises   RequestError if RANTAU_SITE is not set
    """
    path = os.environ.get(VARIABLE)
    if not path:
        raise RequestError(f"{VARIABLE} is not set. It names the file of the chat that `rantau serve` writes.")
    site = read_site(Path(path))
    return replace(site, broker=os.environ["RANTAU_REDIS"]) if os.environ.get("RANTAU_REDIS") else site


def current() -> Site:
    """The site of this process."""
    from django.conf import settings

    return cast(Site, settings.SITE)


def secret_key(folder: Path) -> str:
    """The key that signs sessions, made once for a folder. Processes that start together get the same one."""
    path = folder / "secret.key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = folder / f".secret.{os.getpid()}.{secrets.token_hex(4)}"
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(secrets.token_urlsafe(64))
        try:
            os.link(fresh, path)  # the first one wins; a half-written key is never seen
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return path.read_text(encoding="ascii").strip()
