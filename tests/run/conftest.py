"""A cluster for the tests of a module, of which nodes may be killed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.clusters import two_nodes

# A lost node is noticed after 6 s instead of half a minute; one that stands still for less is none.
NOTICE_SOON = {
    "RAY_health_check_initial_delay_ms": "500",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "500",
    "RAY_health_check_failure_threshold": "12",
}


@pytest.fixture(scope="module")
def together() -> Iterator[tuple[Any, Any]]:
    """The cluster and its second node."""
    with two_nodes(**NOTICE_SOON) as started:
        yield started
