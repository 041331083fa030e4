"""Which addresses the key may be sent to."""

import pytest
from tinylytics_mcp.errors import UsageError
from tinylytics_mcp.settings import checked_base_url, is_loopback


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://tinylytics.app/api/v1", "https://tinylytics.app/api/v1"),
        ("https://tinylytics.app/api/v1//", "https://tinylytics.app/api/v1"),
        ("https://10.0.0.7:8443", "https://10.0.0.7:8443"),
        ("http://localhost:8001/api/v1", "http://localhost:8001/api/v1"),
        ("http://127.8.0.1/v1", "http://127.8.0.1/v1"),
        ("http://[::1]:8001/api/v1", "http://[::1]:8001/api/v1"),
    ],
)
def test_an_address_is_taken_without_its_closing_slash(given: str, taken: str) -> None:
    assert checked_base_url("X", given) == taken


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("tinylytics.app/api/v1", "not an address"),
        ("https://", "not an address"),
        ("https:///api/v1", "not an address"),
        ("ftp://tinylytics.app", "not an address"),
        ("file:///etc/passwd", "not an address"),
        ("https://tinylytics.app:99999/api", "not an address"),
        ("https://tinylytics.app:0/api", "not an address"),
        ("https://tinylytics.app:x/api", "not an address"),
        ("https://[::1/api", "not an address"),
        ("https://a b/api", "not an address"),
        ("https://a%2eb/api", "not an address"),
        ("http://tinylytics.app/api/v1", "must begin with https"),
        ("http://127.0.0.1.example.com/", "must begin with https"),
        ("http://localhost.example.com/", "must begin with https"),
        ("http://192.168.1.2/api/v1", "must begin with https"),
        ("http://0.0.0.0:8001/api/v1", "must begin with https"),
        ("https://me:secret@tinylytics.app/api/v1", "credentials"),
        ("https://@tinylytics.app/api/v1", "credentials"),
        ("https://tinylytics.app/api/v1?key=secret", "query"),
        ("https://tinylytics.app/api/v1?", "query"),
        ("https://tinylytics.app/api/v1#secret", "fragment"),
        ("https://tinylytics.app/api/../v1", "path"),
        ("https://tinylytics.app/./v1", "path"),
        ("https://tinylytics.app/api//v1", "path"),
        ("https://tinylytics.app/a b", "path"),
        ("https://tinylytics.app/a%2fb", "path"),
        ("https://tinylytics.app/a\\b", "path"),
    ],
)
def test_another_address_is_refused_and_not_shown(address: str, why: str) -> None:
    with pytest.raises(UsageError, match=r"^THE_NAME ") as caught:
        checked_base_url("THE_NAME", address)
    assert why in str(caught.value)
    assert "secret" not in str(caught.value)


def test_loopback_is_what_can_only_mean_this_computer() -> None:
    assert all(map(is_loopback, ("localhost", "LOCALHOST", "127.0.0.1", "127.9.9.9", "::1")))
    assert not any(map(is_loopback, ("", "0.0.0.0", "::", "example.com", "localhost.example.com", "10.0.0.1")))  # noqa: S104 - not bound
