"""What is refused, and what can be done about it."""

from __future__ import annotations

from rantau.errors import RequestError


class Rejected(RequestError):
    """code: for programs; status: of the HTTP answer; retry_s: when trying again may help"""

    def __init__(self, code: str, message: str, status: int = 400, retry_s: int | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.retry_s = code, message, status, retry_s


def not_found() -> Rejected:
    """The same for what is not there and for what is another person's."""
    return Rejected("not_found", "There is nothing here, or it is not yours.", 404)
