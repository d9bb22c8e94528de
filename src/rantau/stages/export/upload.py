"""One file sent to any HTTP address: PUT for presigned addresses, POST for form services."""

from __future__ import annotations

import hashlib
import http.client
import io
import mimetypes
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal
from urllib.parse import parse_qsl

from rantau import __version__, files
from rantau.errors import MachineError, RequestError
from rantau.run.progress import Bar, Progress
from rantau.stages.export import connection
from rantau.stages.export.address import address_in, checked, is_signed, shown, without

TRIES, FIRST_WAIT_S, MOST_WAIT_S = 5, 1.0, 60.0
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
ANSWER_BYTES = 1 << 16
LEAST_SECRET = 6  # letters; hiding shorter values would hide the words of a message


@dataclass(frozen=True, slots=True)
class Target:
    """Where a file goes.

    url      http or https; its query is a secret
    method   put: the file is the body; post: a form; auto: put if the address is signed, else post
    file_field  name of the file in the form
    form     other fields of the form
    headers  for both methods; their values are secrets
    """

    url: str
    method: Literal["auto", "put", "post"] = "auto"
    file_field: str = "fileToUpload"
    form: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def chosen(self) -> str:
        return self.method if self.method != "auto" else "put" if is_signed(self.url) else "post"

    @property
    def secrets(self) -> tuple[str, ...]:
        query = self.url.partition("?")[2]
        words = [word for value in self.headers.values() for word in (value, *value.split())]
        values = [*words, *self.form.values(), *(value for _, value in parse_qsl(query))]
        return (query, *(value for value in values if len(value) >= LEAST_SECRET))


@dataclass(frozen=True, slots=True)
class Sent:
    """address: where the file can be had, as the service says, else where it was put (without its query)."""

    address: str
    n_bytes: int
    sha256: str
    tries: int


class Refused(Exception):
    """again: whether another try may help; after_s: how long the service asks to wait."""

    def __init__(self, why: str, *, again: bool, after_s: float | None = None) -> None:
        super().__init__(why)
        self.again, self.after_s = again, after_s


def upload(path: Path, target: Target, progress: Progress, *, wait: Callable[[float], None] = time.sleep) -> Sent:
    """Sends the file, again after 1, 2, 4, 8 s when the service is busy or the line breaks.

    Raises   RecipeError if the address is none; RequestError if the service refuses; MachineError if it cannot be
             reached or stays busy
    """
    checked(target.url)
    sha256, size = files.sha256_file(path), path.stat().st_size
    for number in range(1, TRIES + 1):
        try:
            address = _send(path, size, target, progress)
            return Sent(address, size, sha256, number)
        except Refused as error:
            why = without(str(error), *target.secrets)
            if not error.again:
                raise RequestError(f"--upload {shown(target.url)}: {why}.") from None
            if number == TRIES:
                raise MachineError(
                    f"--upload {shown(target.url)}: {why}, {TRIES} times. Try again later."
                ) from None
            pause = min(error.after_s or FIRST_WAIT_S * 2 ** (number - 1), MOST_WAIT_S)
            progress.say(f"upload: {why}; again in {pause:.0f} s ({number} of {TRIES})")
            wait(pause)
    raise AssertionError("unreachable")


def _send(path: Path, size: int, target: Target, progress: Progress) -> str:
    with path.open("rb") as handle, progress.bar(f"upload {path.name}", size, unit=" bytes") as bar:
        body, length, headers = _body(handle, path, size, target, bar)
        request = urllib.request.Request(target.url, data=body, method=target.chosen.upper())
        named = {"User-Agent": f"rantau/{__version__}", **headers, "Content-Length": str(length), **target.headers}
        for name, value in named.items():
            request.add_header(name, value)
        try:
            with connection.send(request) as answer:
                text = answer.read(ANSWER_BYTES).decode("utf-8", "replace")
                location = answer.headers.get("Location")
        except urllib.error.HTTPError as error:
            raise _refusal(error) from None
        except (urllib.error.URLError, OSError, http.client.HTTPException) as error:
            raise Refused(f"no answer ({_reason(error)})", again=True) from None
    if target.chosen == "put":
        return location or shown(target.url)
    found = location or address_in(text)
    if found is None:
        raise Refused(f"the service took the file but names no address: {text[:200]!r}", again=False)
    return found


def _body(
    handle: BinaryIO, path: Path, size: int, target: Target, bar: Bar
) -> tuple[Chained, int, dict[str, str]]:
    """What is sent, its bytes, and the header that describes it."""
    if target.chosen == "put":
        return Chained([b""], handle, [b""], bar), size, {"Content-Type": "application/octet-stream"}
    boundary = f"rantau-{hashlib.sha256(f'{path.name}{size}{time.time_ns()}'.encode()).hexdigest()[:32]}"
    before, after = _form(path.name, target, boundary)
    length = len(before) + size + len(after)
    return (
        Chained([before], handle, [after], bar),
        length,
        {"Content-Type": f"multipart/form-data; boundary={boundary}"},
    )


def _form(name: str, target: Target, boundary: str) -> tuple[bytes, bytes]:
    """What stands before and after the file in a form."""
    lines = []
    for key, value in target.form.items():
        lines += [f"--{boundary}", f'Content-Disposition: form-data; name="{_quoted(key)}"', "", value]
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    lines += [
        f"--{boundary}",
        f'Content-Disposition: form-data; name="{_quoted(target.file_field)}"; filename="{_quoted(name)}"',
        f"Content-Type: {kind}",
        "",
        "",
    ]
    return "\r\n".join(lines).encode(), f"\r\n--{boundary}--\r\n".encode()


def _quoted(text: str) -> str:
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


class Chained(io.RawIOBase):
    """Bytes, a file and bytes as one thing to read; the bar follows the file."""

    def __init__(self, before: Sequence[bytes], handle: BinaryIO, after: Sequence[bytes], bar: Bar) -> None:
        self._parts: list[BinaryIO] = [io.BytesIO(b"".join(before)), handle, io.BytesIO(b"".join(after))]
        self._file, self._bar = handle, bar

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while self._parts:
            if block := self._parts[0].read(size):
                if self._parts[0] is self._file:
                    self._bar.advance(len(block))
                return block
            self._parts.pop(0)
        return b""


def _refusal(error: urllib.error.HTTPError) -> Refused:
    said = error.read(ANSWER_BYTES).decode("utf-8", "replace").strip()
    after = error.headers.get("Retry-After", "")
    if 300 <= error.code < 400:
        moved = shown(error.headers.get("Location") or "")
        return Refused(f"moved ({error.code}) to {moved or 'nowhere named'}; give that address", again=False)
    why = f"{error.code} {error.reason}" + (f": {said[:200]}" if said else "")
    if error.code in (401, 403):
        why += " (the address may have expired, or a header is missing)"
    return Refused(why, again=error.code in AGAIN, after_s=float(after) if after.isdigit() else None)


def _reason(error: Exception) -> str:
    return str(getattr(error, "reason", error)) or type(error).__name__
