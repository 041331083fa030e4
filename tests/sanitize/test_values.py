"""Paths, referrers, sources, uids and names: ordinary ones pass, hostile ones are disarmed, long ones are cut."""

from collections.abc import Callable

import pytest
from tinylytics_tools import sanitize
from tinylytics_tools.sanitize import Field, is_plain, matches

LONG = "/" + "very-long-" * 20


@pytest.mark.parametrize(
    "value",
    [
        "/",
        "/pricing",
        "/blog/2026/02/hello-world.html",
        "/a_b~c!d$e&f*g+h,i;j=k:l@m?n#o",
        "/caf%C3%A9/%e2%82%ac",
        "/café",
        "/مدونة/العربيّة",
        "/हिन्दी/लेख",
        "/ไทย/น้ำ",
        "/中文/文章",
        "/日本語/ページ",
        "/한국어",
        "/Ελληνικά/Русский/ქართული",
        "/လျှို့ဝှက်",
        "/item/٤٢",
    ],
)
def test_an_ordinary_path_of_any_script_does_not_change(value: str) -> None:
    assert sanitize.path(value) == value
    assert sanitize.url(value) == value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("/ignore previous", "/ignore%20previous"),
        ("/a\nb\tc\r\0", "/a%0Ab%09c%0D%00"),
        ("/\"'`", "/%22%27%60"),
        ("/[x](y){z}", "/%5Bx%5D%28y%29%7Bz%7D"),
        ("/<script>|\\^", "/%3Cscript%3E%7C%5C%5E"),
        ("/100%", "/100%25"),
        ("/%zz%4", "/%25zz%254"),
        ("/a\u200db\u202ec", "/a%E2%80%8Db%E2%80%AEc"),
        ("/\U000e0041\U000e0042", "/%F3%A0%81%81%F3%A0%81%82"),
        ("/😀", "/%F0%9F%98%80"),
        ("/\ud800", "/%ED%A0%80"),
        ("/a\ue000", "/a%EE%80%80"),
        ("/\u3164\u115f\uffa0", "/%E3%85%A4%E1%85%9F%EF%BE%A0"),
        ("/a\ufe0f\u034f", "/a%EF%B8%8F%CD%8F"),
        ("/\u2474", "/%E2%91%B4"),
        ("/\uff0c。", "/%EF%BC%8C%E3%80%82"),
        ("\u0301/", "%CC%81/"),
        ("/a" + "\u0301" * 8, "/a" + "\u0301" * 6 + "%CC%81" * 2),
        ("/fake…~deadbeef tail", "/fake%E2%80%A6~deadbeef%20tail"),
    ],
)
def test_a_hostile_path_is_percent_encoded(value: str, shown: str) -> None:
    assert sanitize.path(value) == shown
    assert sanitize.forbidden(value) or "%" in shown


def test_a_referrer_is_shown_in_full_and_its_absence_in_a_word() -> None:
    assert sanitize.referrer("https://news.example/item?id=1") == "https://news.example/item?id=1"
    assert sanitize.referrer("javascript:alert(1)") == "javascript:alert%281%29"
    assert sanitize.referrer(None) == sanitize.referrer("") == "direct"


def test_what_is_missing_has_a_word_for_each_field() -> None:
    assert (sanitize.source(None), sanitize.source("none")) == ("no source", "none")
    assert {sanitize.path(""), sanitize.url(None), sanitize.uid(None)} == {"none"}
    assert {sanitize.browser(None), sanitize.platform(" ")} == {"unknown"}


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("Mobile Safari", "Mobile Safari"),
        ("GNU/Linux", "GNU/Linux"),
        ("Mac OS X 10.15", "Mac OS X 10.15"),
        ("iOS (iPhone)", "iOS iPhone"),
        ("  Chrome \n OS ", "Chrome OS"),
        ("Ignore: <all>", "Ignore%3A %3Call%3E"),
        ("UC 浏览器", "UC 浏览器"),
    ],
)
def test_a_browser_and_a_platform_are_short_plain_names(value: str, shown: str) -> None:
    assert sanitize.browser(value) == sanitize.platform(value) == shown


@pytest.mark.parametrize(
    ("field", "show", "cap"),
    [
        ("path", sanitize.path, 120),
        ("referrer", sanitize.referrer, 120),
        ("url", sanitize.url, 120),
        ("source", sanitize.source, 60),
        ("uid", sanitize.uid, 60),
    ],
)
def test_a_long_value_is_cut_visibly_and_two_that_start_alike_stay_two(
    field: Field, show: Callable[[str], str], cap: int
) -> None:
    one, other = show(LONG + "1"), show(LONG + "2")
    assert one != other
    assert one[: cap - 8] == other[: cap - 8] == LONG[: cap - 10] + "…~"
    assert len(one) == len(other) == cap
    assert show("x" * cap) == "x" * cap
    assert matches(one, LONG + "1", field)
    assert not matches(one, LONG + "2", field)


def test_a_forged_cut_mark_does_not_lift_the_cap() -> None:
    assert len(sanitize.path(LONG + "…~0123abcd")) == 120


def test_a_cut_never_divides_an_encoded_character() -> None:
    for shift in range(12):
        shown = sanitize.uid("a" * shift + "\U0001f600" * 20)
        kept = shown.partition("…~")[0][shift:]
        assert len(shown) <= 60
        assert kept == "%F0%9F%98%80" * (len(kept) // 12)


def test_a_value_is_named_as_shown_as_it_is_and_in_a_spelling_that_is_shown_alike() -> None:
    assert matches("/a%20b", "/a b", "path")
    assert matches("/a b", "/a b", "path")
    assert matches("/a b", "/a%20b", "path")
    assert not matches("/a", "/a/", "path")
    assert matches("direct", None, "referrer")
    assert matches("no source", "", "source")
    assert matches("google.com", "https://www.google.com/search?q=x", "host")
    assert matches("not-a-host", "some words", "host")
    assert matches("iOS iPhone", "iOS (iPhone)", "platform")
    assert matches("unknown", None, "country")


def test_an_argument_that_is_not_in_a_fields_form_names_nothing_that_is_not_either() -> None:
    assert not matches("nonsense", None, "country")
    assert not matches("more words", "some words", "host")


def test_only_a_value_that_stands_for_itself_may_go_to_an_exact_filter() -> None:
    assert is_plain("/pricing", "path")
    assert is_plain("/مدونة", "path")
    assert is_plain("pricing-kudo-1", "uid")
    assert is_plain("US", "country")
    for given in ["/a%20b", "/a b", "/100%", sanitize.path(LONG), LONG, "", "none"]:
        assert not is_plain(given, "path")
    assert not is_plain("direct", "referrer")
    assert not is_plain("no source", "source")
    assert not is_plain("unknown", "country")
    assert not is_plain("not-a-host", "host")
