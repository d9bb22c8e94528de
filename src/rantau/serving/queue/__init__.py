"""The queue on Redis Streams: the one room that talks to the broker."""

from rantau.serving.queue.admission import Admission, Limits
from rantau.serving.queue.claims import Claims, Held
from rantau.serving.queue.connection import BrokerLost, connect, connect_async, is_alive
from rantau.serving.queue.finals import Ended, Finals
from rantau.serving.queue.logs import read_log, tail
from rantau.serving.queue.presence import Presence

__all__ = [
    "Admission", "BrokerLost", "Claims", "Ended", "Finals", "Held", "Limits", "Presence", "connect",
    "connect_async", "is_alive", "read_log", "tail",
]  # fmt: skip
