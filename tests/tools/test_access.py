"""A key can be used and not seen, and its prefix alone decides what it may do."""

import pickle
import traceback

import pytest
from tinylytics_tools.access import Access, ApiKey
from tinylytics_tools.errors import KeyNotAccepted

SECRET = "tly-fa-canary-7f3a"


@pytest.mark.parametrize(
    ("text", "access"),
    [
        ("tly-fa-x", Access.FULL_ACCESS),
        ("tly-ro-x", Access.READ_ONLY),
        ("tly-xx-x", Access.READ_ONLY),
        ("TLY-FA-x", Access.READ_ONLY),
        ("x-tly-fa-", Access.READ_ONLY),
    ],
)
def test_an_unknown_prefix_may_only_read(text: str, access: Access) -> None:
    assert ApiKey(text).access is access


def test_blanks_and_line_ends_around_a_key_are_trimmed() -> None:
    assert ApiKey(f"  {SECRET}\r\n").authorization == f"Bearer {SECRET}"


@pytest.mark.parametrize("text", ["", " \n", "tly-fa a", "tly-fa\na", "tly-fa\x00", "tly-fä", "tly-fa\u200b1", "a\tb"])
def test_a_key_with_anything_else_inside_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(KeyNotAccepted) as caught:
        ApiKey(text)
    assert not text.strip() or text.strip() not in "".join(traceback.format_exception(caught.value))


def test_a_key_shows_itself_nowhere() -> None:
    key = ApiKey(SECRET)
    assert SECRET not in f"{key!r} {key} {vars(type(key))}"
    with pytest.raises(TypeError):
        pickle.dumps(key)
    assert SECRET not in key.fingerprint
    assert key.fingerprint != ApiKey("tly-fa-other").fingerprint
    assert key.fingerprint == ApiKey(SECRET + "\n").fingerprint
