"""The validation of what is written: ordinary values pass, nothing hidden goes out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.client import connect
from support.properties import examples
from support.writes import add, fake_api, verbs
from tinylytics_tools import sanitize
from tinylytics_tools.writes import validation

CHECKS = {
    "path": validation.path,
    "url": validation.url,
    "referrer": validation.referrer,
    "source": validation.source,
    "visitor_id": validation.visitor_id,
    "user_agent": validation.user_agent,
    "ip_address": validation.ip_address,
    "custom_uid": validation.uid,
}
HIDDEN = {
    "control": "\x00",
    "escape": "\x1b",
    "line break": "\n",
    "tab": "\t",
    "bidi": "\u202e",
    "isolate": "\u2066",
    "zero-width": "\u200b",
    "joiner": "\u2060",
    "byte order mark": "\ufeff",
    "tag": "\U000e0041",
    "variation": "\ufe0f",
    "filler": "\u3164",
    "no-break space": "\u00a0",
    "private use": "\ue000",
    "surrogate": "\ud800",
}


@pytest.mark.parametrize("field", CHECKS)
@pytest.mark.parametrize("hidden", HIDDEN)
def test_a_character_that_nobody_sees_is_refused_in_every_field(field: str, hidden: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be seen, U\+"):
        CHECKS[field](f"https://example.com/a{HIDDEN[hidden]}b")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("path", "/blog/2026/hello-world_(1)".replace("(1)", "1")),
        ("path", "/über/博客/привет"),
        ("path", "/a%20b"),
        ("url", "https://example.com/pricing?ref=news&x=1#top"),
        ("referrer", "android-app://com.example"),
        ("referrer", "news.ycombinator.com"),
        ("source", "Spring sale 2026 + more"),
        ("visitor_id", "6f1c-…-visitor".replace("…", "x")),
        ("user_agent", "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) [FBAN/FBIOS] 'x' \"y\""),
        ("ip_address", "2001:4860:4860::8888"),
        ("ip_address", "999.999.999.999"),
        ("custom_uid", "pricing-kudo-1"),
        ("custom_uid", "like.über_9~a:b@c"),
    ],
)
def test_an_ordinary_value_is_written_as_it_is(field: str, value: str) -> None:
    assert CHECKS[field](value) == value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("pricing", "/pricing"),
        (" /pricing ", "/pricing"),
        ('/a "b" [c](d)', "/a%20%22b%22%20%5Bc%5D%28d%29"),
        ("/<script>`x`|{y}", "/%3Cscript%3E%60x%60%7C%7By%7D"),
        ("/\N{PARTY POPPER}", "/%F0%9F%8E%89"),
    ],
)
def test_a_path_is_written_as_answers_show_it(value: str, written: str) -> None:
    assert validation.path(value) == written == sanitize.path(written)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("path", ""),
        ("path", "  "),
        ("path", "/x?ref=1"),
        ("path", "/x#top"),
        ("path", "https://example.com/pricing"),
        ("path", "HTTP://example.com"),
        ("path", "/" + "x" * 1000),
        ("path", "/" + "\N{PARTY POPPER}" * 900),
        ("path", sanitize.path("/" + "very-long-" * 50)),
        ("url", "/pricing"),
        ("url", "javascript:alert(1)"),
        ("url", "https://"),
        ("url", "https://example.com/" + "x" * 2000),
        ("source", "<b>sale</b>"),
        ("source", "x" * 61),
        ("visitor_id", "a`b"),
        ("visitor_id", "x" * 201),
        ("user_agent", "<img src=x>"),
        ("user_agent", "x" * 501),
        ("ip_address", "localhost"),
        ("ip_address", "8.8.8.8; rm"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_to_give_instead(field: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"^(it |a path |give |this is |percent-encoded )"):
        CHECKS[field](value)


@examples(200)
@given(field=st.sampled_from(sorted(CHECKS)), value=st.text(max_size=80))
def test_nothing_that_is_written_hides_anything(field: str, value: str) -> None:
    refusal = written = ""
    try:
        written = CHECKS[field](value)
    except ValueError as error:
        refusal = str(error)
    assert bool(refusal) != bool(written)
    assert not sanitize.forbidden(refusal)
    if refusal:
        return
    assert not validation.hidden(written)
    assert CHECKS[field](written) == written
    if field != "user_agent":
        assert not sanitize.forbidden(written)


@given(value=st.text(max_size=70))
def test_a_uid_that_is_written_can_be_shown_named_and_sent_in_a_path(value: str) -> None:
    try:
        uid = validation.uid(value)
    except ValueError:
        return
    assert sanitize.uid(uid) == uid
    assert sanitize.is_plain(uid, "uid")
    assert not set("/?#%\\") & set(uid)
    assert uid.strip(".")


@pytest.mark.anyio
@pytest.mark.parametrize("hidden", ["bidi", "tag", "line break"])
async def test_a_hidden_character_in_any_argument_is_an_error_that_names_the_field(hidden: str) -> None:
    service = fake_api()
    site = add(service)
    bad = f"https://x.example/{HIDDEN[hidden]}"
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("create_hit", field, {"path": "/x"} | {field: bad})
        for field in ("path", "url", "referrer", "source", "visitor_id", "user_agent", "ip_address")
    ]
    calls += [("create_kudo", "path", {"path": bad}), ("create_kudo", "custom_uid", {"path": "/x", "custom_uid": bad})]
    async with connect(service) as host:
        for tool, field, arguments in calls:
            assert f"{field}: it has a character that cannot be seen" in await host.error(tool, site=site, **arguments)
        assert verbs(host) == []
