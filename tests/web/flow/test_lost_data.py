"""A broker that loses all its data in the middle of answers: each is asked anew, and ends once."""

import os
import time
from pathlib import Path

import pytest
from bench.serving.chat import free_port
from bench.serving.faults import Disturber
from bench.serving.soak_house import N_WORDS, site_of
from bench.serving.tabs import Tab

from rantau.serving.engines.fake import word
from rantau.serving.queue import connect

LONG = float(os.environ.get("RANTAU_PROMISE_S", "0")) >= 60


@pytest.mark.skipif(not LONG, reason="takes half a minute of waiting; set RANTAU_PROMISE_S=60")
def test_answers_of_a_broker_that_forgot_everything_are_asked_anew(tmp_path: Path) -> None:
    port = free_port()
    disturber = Disturber(tmp_path, port, 1, 0)
    try:
        tab = Tab(f"http://127.0.0.1:{port}", 0, 0, None)  # type: ignore[arg-type]
        tab._talk = tab.patiently("POST", "/api/talks", {"mode": "single"})["id"]
        client = connect(site_of(tmp_path, port).broker)
        while tab.patiently("GET", "/api/me")["ready"]["state"] != "ready":
            time.sleep(0.1)
        asked = tab._ask("c1")
        client.flushall()
        until = time.monotonic() + 120
        while (row := tab.patiently("GET", f"/api/talks/{tab._talk}")["messages"][-1])["state"] != "done":
            assert time.monotonic() < until, row
            time.sleep(0.2)
        assert row["text"] == "".join(word(place, asked.mark) for place in range(N_WORDS))
        assert row["generation"] != asked.generation and client.xlen("{rantau}:jobs:main") == 0
        client.close()
    finally:
        disturber.stop()
