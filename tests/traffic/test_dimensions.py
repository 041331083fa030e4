"""Raw values become rows of a ranking: twins, addresses of a host, and what is shown alike are one."""

import pytest
from tinylytics_tools.dimensions import merged, spellings, stem


@pytest.mark.parametrize(
    ("path", "other"), [("/x", "/x/"), ("/x/", "/x"), ("/x/y", "/x/y/"), ("/", None), ("//", None), ("", None)]
)
def test_a_path_has_one_other_spelling_that_differs_in_its_closing_slash(path: str, other: str | None) -> None:
    assert spellings(path) == [path, *([] if other is None else [other])]
    if other is not None:
        assert spellings(other) == [other, path]
        assert stem(path) == stem(other)


def test_twins_go_by_the_spelling_that_is_used_most() -> None:
    found = merged("path", {"/x": 2, "/x/": 5, "/": 1, "//": 1})
    assert [(named.name, named.hits) for named in found.values()] == [("/x/", 7), ("/", 1), ("//", 1)]


def test_uniques_are_given_for_one_spelling_and_never_added_up() -> None:
    found = merged("path", {"/x": 2, "/x/": 5, "/y": 3}, {"/x": 2, "/x/": 4, "/y": 3})
    assert {named.name: named.unique_hits for named in found.values()} == {"/x/": None, "/y": 3}


def test_no_referrer_and_an_empty_one_are_direct() -> None:
    found = merged("referrer", {None: 1, "": 2, "https://www.a.example/x": 3, "http://A.example": 4})
    assert {named.name: named.hits for named in found.values()} == {"a.example": 7, "direct": 3}


def test_equal_counts_stand_in_the_order_of_their_names() -> None:
    assert [named.name for named in merged("country", {"US": 1, "DE": 1, "FR": 2}).values()] == ["FR", "DE", "US"]


def test_hours_weekdays_and_devices_have_plain_names() -> None:
    assert list(merged("hour", {7: 1})) == ["07:00"]
    assert list(merged("weekday", {0: 2, 6: 1})) == ["Monday", "Sunday"]
    assert list(merged("device", {True: 3, False: 2, None: 1})) == ["mobile", "not mobile", "unknown"]
