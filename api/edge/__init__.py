"""The edge: what every request passes before routing and every response before leaving."""

from __future__ import annotations

from api.edge.body import MAX_BODY_BYTES
from api.edge.middleware import Edge
from api.edge.names import is_loopback, served_names
from api.edge.policy import Policy

__all__ = ["MAX_BODY_BYTES", "Edge", "Policy", "is_loopback", "served_names"]
