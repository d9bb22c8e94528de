"""Engines: what makes tokens. They know jobs and pieces, never the queue."""

from rantau.serving.engines.engine import Begun, Ended, Engine, Heard, Refused

__all__ = ["Begun", "Ended", "Engine", "Heard", "Refused"]
