"""Ray clusters of two nodes on this machine, one core each, in processes of their own."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.waiting import PATIENCE_S

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="ray is an extra and not installed: pip install 'rantau[ray]'"
)
SMALL = {"num_cpus": 1, "object_store_memory": 80_000_000}


@contextmanager
def two_nodes(**environment: str) -> Iterator[tuple[Any, Any]]:
    """ray.cluster_utils.Cluster, and its second node. environment: of this process meanwhile, too"""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {"RAY_USAGE_STATS_ENABLED": "0", **environment}.items():
            patch.setenv(name, value)
        import ray
        from ray._private import services
        from ray.cluster_utils import Cluster

        patch.setattr(services, "get_node", patient(services.get_node))
        nodes = Cluster(initialize_head=True, head_node_args={**SMALL, "include_dashboard": False})
        try:
            yield nodes, nodes.add_node(**SMALL)
        finally:
            ray.shutdown()
            nodes.shutdown()


def patient(get_node: Callable[..., Any]) -> Callable[..., Any]:
    """Ray gives a node 30 s to appear, which is too little where others take the cores."""

    def found(*asked: Any, **named: Any) -> Any:
        over = time.monotonic() + PATIENCE_S
        while True:
            try:
                return get_node(*asked, **named)
            except RuntimeError:
                if time.monotonic() > over:
                    raise
                time.sleep(0.1)

    return found
