"""Pushes of live interactions: who watches what is shown the newest view of it, at once."""

from api.live.hub import LiveHub as LiveHub
