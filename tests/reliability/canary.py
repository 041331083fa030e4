"""Looks for the key in all that a run leaves behind, in each form that it could have there."""

from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from report import Part
from tinylytics_mcp.fake_api import FULL_ACCESS_KEY

KEY = "tly-fa-canary-7f3a9c51d2e84b60"
"""The key of all runs."""
FOUND = Part("the key")
"""What was searched in this process; each place is a cell."""


def forms(key: bytes) -> dict[str, list[bytes]]:
    """Return how a key looks plain, with each byte percent-encoded, and within base64 that begins at any place."""
    percent = "".join(f"%{byte:02x}" for byte in key).encode()
    encoded = [
        encode(bytes(before) + key)[(0, 2, 3)[before] : -4]
        for before in range(3)
        for encode in (b64encode, urlsafe_b64encode)
    ]
    return {"plain": [key.lower()], "percent-encoded": [percent], "base64": encoded}


FORMS = forms(KEY.encode())
OF_FAKE_API = forms(FULL_ACCESS_KEY.encode())
"""Of the key that is used in memory."""


def found_in(data: bytes, of: dict[str, list[bytes]] = FORMS) -> list[str]:
    """Return the forms in which a key is there."""
    low = data.lower()
    return [name for name, ways in of.items() if any(way in (data if name == "base64" else low) for way in ways)]


def search(kind: str, name: str, data: bytes, of: dict[str, list[bytes]] = FORMS) -> None:
    """Search a place of a kind: an answer, a log, a file."""
    there = found_in(data, of)
    FOUND.cell(f"{kind}: {name}", f"the key is there, {', '.join(there)}" if there else None)
    FOUND.counted[kind] += 1


def search_files(folder: Path) -> None:
    """Search all files of a folder."""
    for path in folder.rglob("*"):
        if path.is_file():
            search("files", path.name, path.read_bytes())


def jobs(_form: object) -> list[Callable[[], Coroutine[Any, Any, list[Part]]]]:
    """The search itself."""
    return [_search_itself]


async def _search_itself() -> list[Part]:
    """It finds each form of the key, or it would prove nothing."""
    part = Part(FOUND.name)
    for name, ways in FORMS.items():
        for way in ways:
            part.cell(f"the search itself, {name}", None if found_in(b"x=" + way + b"&") == [name] else "not found")
    return [part]
