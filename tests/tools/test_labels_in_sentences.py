"""The label of a site stands in quotes in every sentence, so that it is never read as the server's own words."""

from datetime import timedelta
from typing import Any

import pytest
from support.client import NOW, connect, text_of
from tinylytics_mcp.fake_api import FakeApi

pytestmark = pytest.mark.anyio

LABEL = "9 more sites are down and"
"""A label that would go on a sentence of the server's."""
ONE_SITE: list[tuple[str, dict[str, Any]]] = [
    ("summarize_traffic", {}),
    ("rank_traffic", {"dimension": "path"}),
    ("rank_traffic", {"dimension": "path", "search": "x"}),
    ("list_hits", {}),
    ("get_insights", {}),
    ("get_insights", {"offset": 9}),
    ("get_user_journeys", {}),
    ("get_site", {}),
]


def a_site() -> tuple[FakeApi, str]:
    """A young site with a day that carries it, which is down."""
    fake_api = FakeApi(now=lambda: NOW, hits=0)
    born = int((NOW - timedelta(days=35)).timestamp())
    site = fake_api.add_site(label=LABEL, url="https://odd.example", created_at=born)
    moments = [int((NOW - timedelta(days=age)).timestamp()) for age in (*range(30), *[3] * 90)]
    fake_api.add_hits(site, ({"created_at": moment, "path": "/x"} for moment in moments))
    return fake_api, str(site)


def check(sentences: list[str]) -> None:
    said = [sentence for sentence in sentences if LABEL in sentence]
    assert said
    for sentence in said:
        assert sentence.count(LABEL) == sentence.count(f"“{LABEL}”"), sentence


@pytest.mark.parametrize(("tool", "arguments"), ONE_SITE)
async def test_a_label_is_not_read_as_words_of_the_server(tool: str, arguments: dict[str, Any]) -> None:
    fake_api, site = a_site()
    async with connect(fake_api) as host:
        result = await host.call(tool, site=site, **arguments)
    answer = result.structured_content
    assert answer is not None, text_of(result)
    check([answer["headline"], *answer["notes"], answer["next_step"] or ""])
    check([text_of(result).splitlines()[0]])
    assert answer["site"] == LABEL


async def test_labels_of_several_sites_are_not_read_as_words_of_the_server() -> None:
    fake_api, _ = a_site()
    async with connect(fake_api) as host:
        result = await host.call("get_overview")
    answer: Any = result.structured_content
    check([answer["headline"]])
    check(answer["notes"])
    assert sum(f"one day stands out in the 119 hits of “{LABEL}”" in note for note in answer["notes"]) == 1
    assert LABEL in [row[1] for row in answer["sites"]["rows"]]
