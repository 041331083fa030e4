"""What holds for whatever text a stranger sends."""

import string
from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.properties import examples
from tinylytics_tools import sanitize
from tinylytics_tools.sanitize import Field, canonical, forbidden, is_plain, matches

FIELDS: dict[Field, tuple[Callable[[str | None], str], int]] = {
    "path": (sanitize.path, 120),
    "referrer": (sanitize.referrer, 120),
    "host": (sanitize.host, 80),
    "source": (sanitize.source, 60),
    "uid": (sanitize.uid, 60),
    "url": (sanitize.url, 120),
    "country": (sanitize.country, 7),
    "browser": (sanitize.browser, 40),
    "platform": (sanitize.platform, 40),
}
EXITS: dict[str, tuple[Callable[[str | None], str], int]] = {
    **FIELDS,
    "domain": (sanitize.domain, 120),
    "label": (sanitize.label, 80),
    "prose": (sanitize.prose, 600),
    "time": (sanitize.time, 20),
}
HOSTILE = (
    "\"'`<>|\\()[]{}^% \t\n\r\0\u00a0\u2028\u200d\u202e\ufe0f\u0301\u3164\U000e0041\ud800…~\u2013.,@:/?#«»„⑴\uff02😀İΣ"
)

# Any code point, lone surrogates too; and text made of what is most likely to do harm.
anything = st.text(st.characters(exclude_categories=()), max_size=200)
hostile = st.text(st.sampled_from(HOSTILE + "abc012éक"), max_size=700)
addresses = st.builds("https://{}/{}".format, hostile, anything)
forged_cuts = st.builds("{}…~0123abcd".format, hostile | st.text("abc/.", max_size=150))
texts = st.one_of(anything, hostile, addresses, forged_cuts)
ordinary = st.text(
    st.sampled_from(string.ascii_letters + string.digits + "/-_.~!$&*+,;=:@?#éñßжд文章क"), min_size=1, max_size=300
)
every = pytest.mark.parametrize("name", EXITS)


def test_every_field_is_tried() -> None:
    assert tuple(FIELDS) == get_args(Field)


@every
@examples(60)
@given(value=texts)
def test_nothing_forbidden_comes_out_the_cap_holds_and_a_second_pass_changes_nothing(name: str, value: str) -> None:
    show, cap = EXITS[name]
    shown = show(value)
    assert forbidden(shown) == []
    assert len(shown) <= cap
    assert show(shown) == shown
    shown.encode()


def test_no_character_of_the_planes_in_use_comes_out_forbidden() -> None:
    codes = [*range(0x20000), *range(0xE0000, 0xE0200)]
    text = "".join(f"a{chr(code)}" for code in codes)  # each on a letter, where a mark may stand
    assert len(forbidden(text)) > 10_000
    assert forbidden(canonical(text, "")) == []
    assert forbidden(sanitize.prose(text, cap=10 * len(text))) == []


@pytest.mark.parametrize("name", ["path", "referrer", "source", "uid", "url"])
@examples(40)
@given(value=ordinary)
def test_an_ordinary_value_does_not_change_and_is_plain(name: Field, value: str) -> None:
    show, cap = FIELDS[name]
    short = value[:cap]
    assert show(short) == short
    assert is_plain(short, name) == (short not in ("direct", "none", "unknown", "not-a-host"))


@pytest.mark.parametrize("name", FIELDS)
@examples(40)
@given(value=st.none() | texts, other=texts)
def test_what_is_shown_names_its_value_and_what_is_plain_names_no_other(
    name: Field, value: str | None, other: str
) -> None:
    show, _ = FIELDS[name]
    assert matches(show(value), value, name)
    assert value is None or matches(value, value, name)
    if is_plain(show(value), name) and name not in ("host", "browser", "platform"):
        assert show(value) == value
    if matches(show(value), other, name):
        assert show(other) == show(value)


@pytest.mark.parametrize("name", ["path", "referrer", "source", "uid", "url"])
@examples(40)
@given(
    start=st.text(min_size=130, max_size=200), ends=st.lists(st.text(max_size=200), min_size=2, max_size=2, unique=True)
)
def test_two_long_values_that_start_alike_are_shown_apart(name: Field, start: str, ends: list[str]) -> None:
    show, _ = FIELDS[name]
    one, other = (show(start + end) for end in ends)
    assert one != other
    assert "…~" in one
