"""Delivery of tokens: the same log, from one cursor, over WebSocket, server-sent events and polling."""
