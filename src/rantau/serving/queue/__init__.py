"""The queue on Redis Streams: the one room that talks to the broker."""

from rantau.serving.queue.admission import Admission, Limits
from rantau.serving.queue.claims import Claims, Held
from rantau.serving.queue.connection import connect, connect_async, is_alive
from rantau.serving.queue.finals import Ended, Finals
from rantau.serving.queue.logs import read_log, tail

__all__ = [
    "Admission", "Claims", "Ended", "Finals", "Held", "Limits", "connect", "connect_async", "is_alive", "read_log",
    "tail",
]  # fmt: skip
