"""The server refuses to start where it would let in anybody, and says which setting is missing."""

from pathlib import Path

import pytest
from support.http_server import Service, backend_of
from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.http.app import http_app
from tinylytics_mcp.http.settings import (
    ALLOWED_HOSTS,
    CLIENT_KEYS,
    STATELESS,
    TOKENS_FILE,
    AuthMode,
    read_http_settings,
)
from tinylytics_mcp.settings import STATE_KEY

EVERYWHERE = "0.0.0.0"  # noqa: S104 - to be refused
HOSTS = {ALLOWED_HOSTS: "mcp.example.com"}


@pytest.mark.parametrize("host", [EVERYWHERE, "::", "192.0.2.1", "example.com"])
@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({}, TOKENS_FILE),
        (HOSTS, TOKENS_FILE),
        ({CLIENT_KEYS: "0", **HOSTS}, CLIENT_KEYS),
        ({TOKENS_FILE: "/t"}, ALLOWED_HOSTS),
        ({CLIENT_KEYS: "1"}, ALLOWED_HOSTS),
    ],
)
def test_off_loopback_it_takes_a_way_in_and_names(host: str, given: dict[str, str], missing: str) -> None:
    with pytest.raises(UsageError, match=f"reached from other computers.*{missing}"):
        read_http_settings(given, host=host)


def test_names_for_other_computers_before_an_open_door_are_refused_on_loopback_too() -> None:
    with pytest.raises(UsageError, match=TOKENS_FILE):
        read_http_settings(HOSTS, host="127.0.0.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_loopback_nothing_has_to_be_set(host: str) -> None:
    assert read_http_settings({}, host=host).auth_mode is AuthMode.LOOPBACK


@pytest.mark.parametrize("given", [{TOKENS_FILE: "/t", **HOSTS}, {CLIENT_KEYS: "1", **HOSTS}])
def test_with_both_it_serves_everywhere(given: dict[str, str]) -> None:
    assert read_http_settings(given, host=EVERYWHERE).hosts == ("mcp.example.com",)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({CLIENT_KEYS: "1", TOKENS_FILE: "/t"}, TOKENS_FILE),
        ({CLIENT_KEYS: "1", "TINYLYTICS_API_KEY": "tly-ro-x"}, "TINYLYTICS_API_KEY"),
        ({CLIENT_KEYS: "1", "TINYLYTICS_API_KEY_FILE": "/k"}, "TINYLYTICS_API_KEY_FILE"),
        ({CLIENT_KEYS: "maybe"}, CLIENT_KEYS),
        ({STATELESS: "maybe"}, STATELESS),
        ({STATE_KEY: "k" * 31}, STATE_KEY),
        ({TOKENS_FILE: "/t", ALLOWED_HOSTS: "*"}, ALLOWED_HOSTS),
        ({TOKENS_FILE: "/t", ALLOWED_HOSTS: "https://mcp.example.com"}, ALLOWED_HOSTS),
        ({TOKENS_FILE: "/t", ALLOWED_HOSTS: "a b"}, ALLOWED_HOSTS),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name_and_not_shown(given: dict[str, str], named: str) -> None:
    with pytest.raises(UsageError, match=named) as told:
        read_http_settings(given, host="127.0.0.1")
    assert "kkk" not in str(told.value)


@pytest.mark.anyio
async def test_a_file_of_tokens_that_is_not_there_is_told_at_the_start(tmp_path: Path) -> None:
    settings = read_http_settings({TOKENS_FILE: str(tmp_path / "none")}, host="127.0.0.1")
    with pytest.raises(UsageError, match="cannot be read"):
        http_app(backend_of(Service()), settings)
