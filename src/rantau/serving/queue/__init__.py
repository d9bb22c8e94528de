"""The queue on Redis Streams: the one room that talks to the broker."""

from rantau.serving.queue.admission import Admission, Limits
from rantau.serving.queue.claims import Claims, Held, Said, Torn
from rantau.serving.queue.connection import BrokerFull, BrokerLost, connect, connect_async, is_alive
from rantau.serving.queue.depth import Load, load
from rantau.serving.queue.finals import Ended, Finals
from rantau.serving.queue.logs import read_log, read_next, read_whole, tail
from rantau.serving.queue.presence import ALIVE_S, Presence
from rantau.serving.queue.rates import Rates
from rantau.serving.queue.server import check_server, warnings_of
from rantau.serving.queue.standings import Standing, standings
from rantau.serving.queue.tenancy import check_tenant, move_in, tenant

__all__ = [
    "ALIVE_S", "Admission", "BrokerFull", "BrokerLost", "Claims", "Ended", "Finals", "Held", "Limits", "Load",
    "Presence", "Rates", "Said", "Standing", "Torn", "check_server", "check_tenant", "connect", "connect_async",
    "is_alive", "load", "move_in", "read_log", "read_next", "read_whole", "standings", "tail", "tenant",
    "warnings_of",
]  # fmt: skip
