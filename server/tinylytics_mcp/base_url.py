"""Says whether an address may stand for the Tinylytics API, so that the key goes nowhere else."""

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

from tinylytics_mcp.errors import UsageError


def checked_base_url(variable: str, url: str) -> str:
    """The address without a closing slash.

    Raises:
        UsageError: not https (plain http is for loopback only), or more than a host, a port and a plain path.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise UsageError(f"{variable} is not an address such as https://tinylytics.app/api/v1.") from None
    if not host or port == 0 or parts.scheme not in ("http", "https") or not _HOST.fullmatch(host):
        raise UsageError(f"{variable} is not an address such as https://tinylytics.app/api/v1.")
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(f"{variable} must begin with https://; plain http is for 127.0.0.1 and localhost only.")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise UsageError(f"{variable} must not hold credentials, a query or a fragment; the key has its own variable.")
    path = parts.path.rstrip("/")
    if path and not _PATH.fullmatch(path):
        raise UsageError(f"{variable} has a path with blanks, escapes or empty parts; it should end in /api/v1.")
    return f"{parts.scheme}://{parts.netloc}{path}"


def is_loopback(host: str) -> bool:
    """Whether a host's name or address can only mean this computer."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


_HOST = re.compile(r"[a-z0-9._:-]+")
_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")
