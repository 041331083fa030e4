"""Seals keys under a token and the state key together, and what a client or a browser brings back."""

import json
from typing import Any

from mcp.server.request_state import AESGCMRequestStateCodec, InvalidRequestState


class Seal:
    """Seals with the first of some state keys; what an older one sealed is opened too.

    `purpose` is a token, or the name of a use: a sealed value opens for its own purpose alone.
    """

    def __init__(self, state_keys: tuple[str, ...]) -> None:
        self._keys = tuple(dict.fromkeys(state_keys))

    def close(self, purpose: str, value: Any) -> str:
        """Return a value sealed: opened by the purpose and the state key together, by neither alone."""
        return self._codec(purpose).seal(json.dumps(value, ensure_ascii=False).encode())

    def open(self, purpose: str, sealed: str) -> Any:
        """Return the value; None where it was sealed for another purpose, by another state key, or never."""
        try:
            return json.loads(self._codec(purpose).unseal(sealed))
        except InvalidRequestState:
            return None

    def _codec(self, purpose: str) -> AESGCMRequestStateCodec:
        return AESGCMRequestStateCodec([f"{key}\0{purpose}" for key in self._keys])  # it derives one key from each
