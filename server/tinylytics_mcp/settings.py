"""Reads the settings from the environment and refuses values that cannot be used."""

import re
import stat
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from platformdirs import user_state_path
from tinylytics_tools.access import Access, ApiKey
from tinylytics_tools.client import Preferences
from tinylytics_tools.errors import KeyNotAccepted

from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.version import PROGRAM

API_KEY = "TINYLYTICS_API_KEY"
API_KEY_FILE = "TINYLYTICS_API_KEY_FILE"
BASE_URL = "TINYLYTICS_BASE_URL"
READ_ONLY = "TINYLYTICS_READ_ONLY"
SITE = "TINYLYTICS_SITE"
TIME_ZONE = "TINYLYTICS_TIME_ZONE"
STATE_DIR = "TINYLYTICS_STATE_DIR"
REDIS_URL = "TINYLYTICS_REDIS_URL"
STATE_KEY = "TINYLYTICS_STATE_KEY"
SHORTEST_STATE_KEY = 32
"""Bytes that the SDK asks for."""

USED_BY_DEMO = (READ_ONLY, TIME_ZONE, STATE_KEY)
"""The variables that apply to the made-up account; the others describe the user's own."""

DEFAULT_BASE_URL = "https://tinylytics.app/api/v1"
_LARGEST_KEY_FILE = 4096
_LONGEST_SITE = 300
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})
_HOST = re.compile(r"[a-z0-9._:-]+")
_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")


@dataclass(frozen=True)
class Settings:
    """The settings. `access`, where set, lowers what the key may do; `state_key` signs the codes that confirm a
    deletion; `warnings` are lines for stderr."""

    key: ApiKey | None
    base_url: str
    access: Access | None
    preferences: Preferences
    state_dir: Path
    redis_url: str | None = None
    state_key: str | None = field(default=None, repr=False)
    warnings: tuple[str, ...] = ()


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings; an empty variable counts as not set. One that cannot be used, or two that contradict each
    other, are a UsageError that names it and shows no value."""
    given = {name: value.strip() for name, value in environment.items() if value.strip()}
    warnings: list[str] = []
    base_url = checked_base_url(BASE_URL, given.get(BASE_URL, DEFAULT_BASE_URL))
    if not base_url.endswith("/api/v1"):
        warnings.append(f"{BASE_URL} does not end in /api/v1, where the API answers.")
    return Settings(
        key=_key(given, warnings),
        base_url=base_url,
        access=Access.READ_ONLY if is_on(given, READ_ONLY) else None,
        preferences=Preferences(site=_site(given), time_zone=_time_zone(given)),
        state_dir=_state_dir(given),
        redis_url=given.get(REDIS_URL),
        state_key=state_key(given),
        warnings=tuple(warnings),
    )


def _key(given: Mapping[str, str], warnings: list[str]) -> ApiKey | None:
    if API_KEY in given and API_KEY_FILE in given:
        raise UsageError(f"{API_KEY} and {API_KEY_FILE} are both set: keep one of them.")
    try:
        if API_KEY_FILE in given:
            return key_in(API_KEY_FILE, given[API_KEY_FILE], warnings)
        return ApiKey(given[API_KEY]) if API_KEY in given else None
    except KeyNotAccepted as error:
        raise UsageError(f"{API_KEY}: {error}") from None


def key_in(called: str, name: str, warnings: list[str]) -> ApiKey:
    """Return the key in a file, or raise UsageError; `called` is the setting that names the file."""
    try:
        path = Path(name).expanduser()
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{called} names something that is not a plain file.")
        if status.st_size > _LARGEST_KEY_FILE:
            raise UsageError(f"{called} names a file of more than {_LARGEST_KEY_FILE} bytes: that is not a key.")
        text = path.read_text("utf-8")
    except OSError as error:
        raise UsageError(f"{called} names a file that cannot be read: {error.strerror}.") from None
    except (RuntimeError, ValueError):  # a home folder that does not exist, a null in the name, or not UTF-8
        raise UsageError(f"{called} names a file that is not there or not plain text.") from None
    if sys.platform != "win32" and status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        warnings.append(f"{called}: other users of this computer may open the key file. Run chmod 600 on it.")
    try:
        return ApiKey(text)
    except KeyNotAccepted as error:
        raise UsageError(f"{called}: {error}") from None


def checked_base_url(variable: str, url: str, *, example: str = DEFAULT_BASE_URL) -> str:
    """Return an address without a closing slash; of the API, the key goes nowhere else.

    Raises:
        UsageError: not https (plain http is for loopback only), or more than a host, a port and a plain path.
    """
    wrong = UsageError(f"{variable} is not an address such as {example}.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise wrong from None
    if not (url.isprintable() and _HOST.fullmatch(host) and port != 0 and parts.scheme in ("http", "https")):
        raise wrong
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(f"{variable} must begin with https://; plain http is for 127.0.0.1 and localhost only.")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise UsageError(f"{variable} must not hold credentials, a query or a fragment; the key has its own variable.")
    path = parts.path.rstrip("/")
    if path and not _PATH.fullmatch(path):
        raise UsageError(f"{variable} has a path with blanks, escapes or empty parts; an example is {example}.")
    return f"{parts.scheme}://{parts.netloc}{path}"


def is_loopback(host: str) -> bool:
    """Return whether a host's name or address can only mean this computer."""
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def is_on(given: Mapping[str, str], name: str) -> bool:
    """Return whether a variable is on; one that is not set is off, and another value a UsageError."""
    value = given.get(name, "0").lower()
    if value in _YES or value in _NO:
        return value in _YES
    raise UsageError(f"{name} takes 1, true, yes or on, and 0, false, no or off; it is set to something else.")


def _site(given: Mapping[str, str]) -> str | None:
    site = given.get(SITE)
    if site is not None and (len(site) > _LONGEST_SITE or not site.isprintable()):
        raise UsageError(f"{SITE} is too long or has control characters: give a site's id, uid, domain, URL or label.")
    return site


def state_key(given: Mapping[str, str], name: str = STATE_KEY) -> str | None:
    """Return the key that seals and signs what a client brings back to be confirmed, or None; a short one is a
    UsageError."""
    key = given.get(name)
    if key is not None and len(key.encode()) < SHORTEST_STATE_KEY:
        raise UsageError(
            f"{name} takes at least {SHORTEST_STATE_KEY} characters that nobody can guess, such as what "
            "`openssl rand -hex 32` prints; the same on all replicas."
        )
    return key


def _time_zone(given: Mapping[str, str]) -> str:
    zone = given.get(TIME_ZONE, "utc").lower()
    if zone not in ("utc", "user"):
        raise UsageError(f"{TIME_ZONE} takes utc or user (the account's own zone); it is set to something else.")
    return zone


def _state_dir(given: Mapping[str, str]) -> Path:
    if STATE_DIR not in given:
        return user_state_path(PROGRAM)
    try:
        path = Path(given[STATE_DIR]).expanduser()
        if path.is_absolute() and (path.is_dir() or not path.exists()) and given[STATE_DIR].isprintable():
            return path
    except (OSError, RuntimeError):  # no permission, or a home folder that does not exist
        pass
    raise UsageError(f"{STATE_DIR} takes the full path of a folder; it is created if it does not exist.")
