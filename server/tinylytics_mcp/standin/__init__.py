"""A stand-in for the Tinylytics API: the whole documented service over SQLite, as an ASGI app."""

from tinylytics_mcp.standin.access import FULL_ACCESS_KEY, READ_ONLY_KEY
from tinylytics_mcp.standin.app import Standin
from tinylytics_mcp.standin.quirks import Quirk

__all__ = ["FULL_ACCESS_KEY", "READ_ONLY_KEY", "Quirk", "Standin"]
