"""A referring host is of the channel that its site is known for, and of no channel by a part of its name."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinylytics_tools.channels import channel

OWN = "example.com"


@pytest.mark.parametrize(
    ("referrer", "expected"),
    [
        (None, "direct"),
        ("", "direct"),
        ("https://www.example.com/about", "internal"),
        ("http://EXAMPLE.com:8080", "internal"),
        ("https://blog.example.com/", "other sites"),
        ("https://example.com.evil.example/", "other sites"),
        ("https://www.google.com/", "search"),
        ("https://www.google.co.uk/search?q=x", "search"),
        ("https://google.de", "search"),
        ("https://duckduckgo.com/?q=x", "search"),
        ("https://search.yahoo.co.jp/x", "search"),
        ("android-app://com.google.android.googlequicksearchbox/", "search"),
        ("https://gemini.google.com/app", "AI assistants"),
        ("https://chatgpt.com/", "AI assistants"),
        ("https://www.perplexity.ai/search/x", "AI assistants"),
        ("https://copilot.microsoft.com/", "AI assistants"),
        ("https://www.bing.com/chat", "search"),
        ("https://edgeservices.bing.com/", "AI assistants"),
        ("https://mail.google.com/", "feeds and newsletters"),
        ("android-app://com.google.android.gm/", "feeds and newsletters"),
        ("https://someone.substack.com/p/x", "feeds and newsletters"),
        ("https://feedly.com/i/x", "feeds and newsletters"),
        ("https://l.facebook.com/", "social"),
        ("https://news.ycombinator.com/item?id=1", "social"),
        ("https://ycombinator.com/", "other sites"),
        ("https://chaos.social/@a/1", "social"),
        ("https://www.pinterest.co.uk/pin/1", "social"),
        ("https://t.co/x", "social"),
        ("https://chat.co/", "other sites"),
        ("https://notgoogle.com/", "other sites"),
        ("https://google.evil.example/", "other sites"),
        ("https://docs.google.com/x", "other sites"),
        ("https://google.com@evil.example/", "other sites"),
        ("no host at all", "other sites"),
    ],
)
def test_a_referrer_is_of_one_channel_and_not_of_one_that_it_only_looks_like(
    referrer: str | None, expected: str
) -> None:
    assert channel(referrer, OWN) == expected


@given(st.text(max_size=40))
def test_any_text_has_a_channel_and_is_internal_only_where_its_host_is_the_sites_own(text: str) -> None:
    assert channel(text, "") != "internal"
    assert channel(f"https://{text.replace('/', '')}/", OWN)
