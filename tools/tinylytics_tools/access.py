"""What a key may do, decided from the key's own text without a request."""

import hashlib
from enum import StrEnum

from tinylytics_tools.errors import KeyNotAccepted

READ_ONLY_PREFIX = "tly-ro-"
FULL_ACCESS_PREFIX = "tly-fa-"
WHERE_KEYS_ARE_MADE = "Tinylytics, Account Settings, API Access"
"""API document, section 2."""


class Access(StrEnum):
    """The two levels of the API; the names are those of `/me`'s `access_type`."""

    READ_ONLY = "read_only"
    FULL_ACCESS = "full_access"


class ApiKey:
    """A key that can be used but not seen: neither `repr`, `str`, pickling nor a traceback shows it.

    Blanks and line ends around the text are trimmed, as files and copied text bring them. Raises `KeyNotAccepted` for
    an empty key, or one with blanks, control or non-ASCII characters inside.
    """

    __slots__ = ("__secret",)

    def __init__(self, text: str) -> None:
        secret = text.strip()
        if not secret:
            raise KeyNotAccepted(f"The Tinylytics API key is empty. Make one under {WHERE_KEYS_ARE_MADE}.")
        if not all("!" <= character <= "~" for character in secret):
            raise KeyNotAccepted(
                "The Tinylytics API key has a blank, a line break or a special character inside, so it was not used. "
                "Copy it again: it is one word that begins with tly-ro- or tly-fa-."
            )
        self.__secret = secret

    @property
    def access(self) -> Access:
        """Read-only unless the prefix says full access: an unknown prefix fails closed."""
        return Access.FULL_ACCESS if self.__secret.startswith(FULL_ACCESS_PREFIX) else Access.READ_ONLY

    @property
    def authorization(self) -> str:
        return f"Bearer {self.__secret}"

    @property
    def fingerprint(self) -> str:
        """32 hex digits that tell keys apart, and from which no key can be recovered."""
        return hashlib.blake2b(self.__secret.encode(), digest_size=16, person=b"tinylytics-key").hexdigest()

    def __repr__(self) -> str:
        return "ApiKey(…)"

    def __reduce__(self) -> str:
        raise TypeError("an API key is not stored")
