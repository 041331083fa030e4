"""Seals keys under a token and the state key together, and signs what a client or a browser brings back."""

import base64
import hashlib
import hmac
import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
_MAC = 16


class Seal:
    """Seals and signs with the first of some state keys; what an older one sealed or signed is still read."""

    def __init__(self, state_keys: tuple[str, ...]) -> None:
        self._keys = [key.encode() for key in state_keys]

    def close(self, token: str, text: str) -> str:
        """Return a text sealed: opened by the token and the state key together, by neither alone."""
        nonce = secrets.token_bytes(_NONCE)
        return _encoded(nonce + AESGCM(_of_token(self._keys[0], token)).encrypt(nonce, text.encode(), None))

    def open(self, token: str, sealed: str) -> str | None:
        """Return the text; None where another token or state key sealed it."""
        data = _decoded(sealed) or b""
        for key in self._keys:
            try:
                return AESGCM(_of_token(key, token)).decrypt(data[:_NONCE], data[_NONCE:], None).decode()
            except (InvalidTag, ValueError):
                continue
        return None

    def sign(self, purpose: str, value: Any) -> str:
        """Return a value as text that can be read by anybody and made by us alone."""
        body = _encoded(json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())
        return f"{body}.{_mac(self._keys[0], purpose, body)}"

    def read(self, purpose: str, text: str) -> Any:
        """Return the value that was signed for a purpose; None where it was not."""
        body, _, mac = text.rpartition(".")
        data = _decoded(body)
        if data is None or not any(same(_mac(key, purpose, body), mac) for key in self._keys):
            return None
        return json.loads(data)

    def derive(self, purpose: str, text: str) -> list[str]:
        """Return secrets that belong to a text, the first of them by the newest state key."""
        return [_mac(key, purpose, text, length=32) for key in self._keys]


def same(expected: str, given: str) -> bool:
    """Return whether two texts are equal, in a time that does not tell where they differ."""
    return hmac.compare_digest(expected.encode(), given.encode())


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier (RFC 7636)."""
    return _encoded(hashlib.sha256(verifier.encode()).digest())


def _of_token(key: bytes, token: str) -> bytes:
    salt = hashlib.sha256(key).digest()
    return HKDF(SHA256(), 32, salt, b"tinylytics-mcp: key of a token").derive(token.encode())


def _mac(key: bytes, purpose: str, text: str, *, length: int = _MAC) -> str:
    signing = HKDF(SHA256(), 32, None, f"tinylytics-mcp: {purpose}".encode()).derive(key)
    return _encoded(hmac.digest(signing, text.encode(), "sha256")[:length])


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes | None:
    try:
        return base64.urlsafe_b64decode(text.encode() + b"=" * (-len(text) % 4))
    except ValueError:  # not base64, or of a length that none has
        return None
