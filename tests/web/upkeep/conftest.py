"""Prompts on their way, and finalizer processes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from rantau.web.records.models import Message, Talk
from rantau.web.talks.submit import submit
from tests.web.http.conftest import Page

ROOT = Path(__file__).parents[3]


@pytest.fixture
def page(http: Client) -> Page:
    return Page(http)


@pytest.fixture
def asked(owner: Any) -> Callable[..., Message]:
    """Submits a prompt: asked("Apa kabar?"). Returns the answer to come."""
    talk = Talk.objects.create(owner=owner)
    n = iter(range(10**6))

    def ask(text: str = "Apa kabar?") -> Message:
        (answer,) = submit(owner, talk, text=text, client_id=f"c{next(n)}", parent=None).answers
        return answer

    return ask


@pytest.fixture
def finalizer(site: Any) -> Iterator[Callable[[str], subprocess.Popen[bytes]]]:
    """Starts a finalizer process: finalizer("never")."""
    started: list[subprocess.Popen[bytes]] = []

    def start(dies: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.web.upkeep.dying_finalizer", dies]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
        started.append(process)
        return process

    yield start
    for process in started:
        process.send_signal(signal.SIGTERM)
    for process in started:
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
