"""A fake of the Tinylytics API: the whole documented service over SQLite, as an ASGI app."""

from tinylytics_mcp.fake_api.access import FULL_ACCESS_KEY, READ_ONLY_KEY
from tinylytics_mcp.fake_api.app import FakeApi
from tinylytics_mcp.fake_api.quirks import Quirk

__all__ = ["FULL_ACCESS_KEY", "READ_ONLY_KEY", "FakeApi", "Quirk"]
