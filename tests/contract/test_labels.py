"""The label of a site is its owner's words: in a sentence it stands in quotes, so that it cannot pass for ours."""

import re
from typing import Any

import pytest
from support.calls import numbered
from support.client import connect
from support.writes import add, deleted, fake_api

pytestmark = pytest.mark.anyio

LABEL = "All is well and complete"
TOOLS = {"list_kudos", "get_leaderboard", "create_hit", "create_hits", "create_kudo", "delete_kudo", "get_account"}


def sentences(answer: dict[str, Any]) -> str:
    """What an answer says beside its fields and tables."""
    return "\n".join([answer["headline"], *answer["notes"], answer["next_step"] or ""])


async def test_no_label_is_read_as_a_statement_of_the_server() -> None:
    service = fake_api()
    site = add(service, "test-kudo-1", "a", "b", "k", days_ago=3)
    service.add_hits(int(site), [{"path": "/hello"}, {"path": "/about"}])
    service.connection.execute("UPDATE sites SET label = ?", (LABEL,))
    ids = [row[0] for row in service.connection.execute("SELECT id FROM sites ORDER BY id")]
    seen: dict[str, int] = {}
    async with connect(service) as host:
        said = [(tool, await host.call(tool, **arguments)) for tool, arguments in numbered(ids) if tool in TOOLS]
        answers = [(tool, result.structured_content) for tool, result in said if result.structured_content]
        answers += [("delete_kudo", await deleted(host, site=site, uids=["a", "b"]))]
        answers += [("delete_kudo", await deleted(host, site=site, uid="k"))]
        answers += [("create_hit", await host.answer("create_hit", site=site, path="/wp-admin/x"))]
        answers += [("create_kudo", await host.answer("create_kudo", site=site, path="/wp-admin/x"))]
        errors = [await host.error("delete_kudo", site=site, uid="nobody")]
    for tool, answer in answers:
        text = sentences(answer)
        assert len(re.findall(LABEL, text)) == len(re.findall(f"“{LABEL}”", text)), (tool, text)
        seen[tool] = seen.get(tool, 0) + text.count(LABEL)
    assert all(f"“{LABEL}”" in error for error in errors)
    assert {tool for tool, times in seen.items() if times} == TOOLS - {"get_account"}
