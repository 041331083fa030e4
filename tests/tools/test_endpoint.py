"""A value put into a path stays one segment of that path."""

from urllib.parse import unquote

import httpx2 as httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinylytics_tools.access import Access
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.replies import Reply

KUDO = Endpoint("DELETE", "/sites/{site_id}/kudos/{uid}", Reply)


@pytest.mark.parametrize("uid", ["", ".", "..", "%2e", "%2E%2e", "../..", "a/../b", "a//b", "/", "..\\x", "%252e%252e"])
def test_a_value_that_could_become_another_route_is_refused(uid: str) -> None:
    with pytest.raises(InvalidArgument, match=r"uid cannot be sent.* can only be removed on tinylytics\.app"):
        KUDO.fill(site_id=1, uid=uid)


@given(st.text(min_size=1, max_size=300).filter(lambda text: all(c < "\ud800" or c > "\udfff" for c in text)))
def test_any_other_value_is_exactly_one_segment_that_decodes_to_itself(uid: str) -> None:
    try:
        path = KUDO.fill(site_id=456, uid=uid)
    except InvalidArgument:
        return
    assert path.startswith("/sites/456/kudos/")
    sent = httpx.URL("https://tinylytics.test/api/v1" + path)
    last = sent.raw_path.decode().removeprefix("/api/v1/sites/456/kudos/")
    assert "/" not in last
    assert "?" not in last
    assert unquote(last) == uid


def test_the_verb_says_which_key_it_takes() -> None:
    assert KUDO.access is Access.FULL_ACCESS
    assert Endpoint("GET", "/me", Reply).access is Access.READ_ONLY
