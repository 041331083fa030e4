"""Every argument of a prompt and every variable of a resource is completed, and what is offered is accepted."""

import httpx2 as httpx
import pytest
from mcp.types import Completion, PromptReference, ResourceTemplateReference
from support.client import MODES, NOW, Connected, Mode, connect
from support.prompts import steps_in, text_of_prompt
from tinylytics_mcp.completion import MOST_COMPLETED
from tinylytics_mcp.fake_api import FakeApi
from tinylytics_mcp.prompts import ALL_PROMPTS
from tinylytics_mcp.resources import HEALTH, KUDOS, SITE, TRAFFIC
from tinylytics_tools.periods import PERIODS

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("mode", MODES)]

FREE = {("campaign_check", "source"), ("campaign_check", "referrer")}
"""Arguments for which only the user knows a value."""
NEEDED = {"day": "2026-11-03", "since": "2026-11-03", "year": "2026", "source": "newsletter"}


def fake_api() -> FakeApi:
    """The service with its clock at the tests' time."""
    return FakeApi(now=lambda: NOW, hits=300)


async def of_prompt(host: Connected, prompt: str, argument: str, typed: str = "") -> Completion:
    """What is offered for an argument of a prompt."""
    return (await host.client.complete(PromptReference(name=prompt), {"name": argument, "value": typed})).completion


async def of_template(host: Connected, template: str, variable: str, typed: str = "") -> Completion:
    """What is offered for a variable of a resource."""
    ref = ResourceTemplateReference(uri=template)
    return (await host.client.complete(ref, {"name": variable, "value": typed})).completion


async def test_every_argument_is_completed_and_what_is_offered_is_accepted(mode: Mode) -> None:
    async with connect(fake_api(), mode=mode) as host:
        for prompt in ALL_PROMPTS:
            for argument in prompt.takes:
                offered = await of_prompt(host, prompt.name, argument)
                assert bool(offered.values) == ((prompt.name, argument) not in FREE), (prompt.name, argument)
                assert len(offered.values) <= MOST_COMPLETED
                for value in (*offered.values[:3], *offered.values[-1:]):
                    needed = {name: NEEDED[name] for name in prompt.takes if name in NEEDED}
                    assert steps_in(await text_of_prompt(host.client, prompt.name, needed | {argument: value}))


async def test_sites_are_offered_by_domain_the_busiest_first_and_found_by_any_name(mode: Mode) -> None:
    async with connect(fake_api(), mode=mode) as host:
        offered = await of_prompt(host, "weekly_report", "site")
        assert offered.values == ["example.com", "photos.example.net", "young.example.org"]
        for typed in ("photo", "PHOTOS.ex", "457"):
            assert (await of_prompt(host, "weekly_report", "site", typed)).values == ["photos.example.net"]
        assert (await host.answer("get_site", site="photos.example.net"))["site_id"] == 457


async def test_a_domain_that_two_sites_have_is_offered_as_their_ids(mode: Mode) -> None:
    service = fake_api()
    twin = service.add_site(label="Shop", url="https://example.com/shop")
    async with connect(service, mode=mode) as host:
        offered = await of_prompt(host, "weekly_report", "site", "example.com")
        for value in offered.values:
            assert (await host.answer("get_site", site=value))["site_id"] in (456, twin)
        assert len(offered.values) == 2


async def test_days_months_and_years_run_backwards_from_today(mode: Mode) -> None:
    async with connect(fake_api(), mode=mode) as host:
        assert (await of_prompt(host, "spike_autopsy", "day")).values[:2] == ["2026-11-23", "2026-11-22"]
        assert (await of_prompt(host, "what_moved", "since")).values[0] == "2026-11-22"
        assert (await of_prompt(host, "what_moved", "since", "2026-02")).total == 28
        assert (await of_prompt(host, "monthly_report", "month")).values[:2] == ["2026-11", "2026-10"]
        assert (await of_prompt(host, "year_in_review", "year")).values[:2] == ["2026", "2025"]


async def test_every_variable_of_every_template_is_completed(mode: Mode) -> None:
    async with connect(fake_api(), mode=mode) as host:
        for template in (SITE, TRAFFIC, KUDOS, HEALTH):
            assert (await of_template(host, template, "site_id")).values == ["456", "457", "458"]
        assert (await of_template(host, TRAFFIC, "period")).values == list(PERIODS)
        assert (await of_template(host, TRAFFIC, "period", "month")).values == [
            "this_month",
            "last_month",
            "last_12_months",
        ]
        assert (await of_template(host, KUDOS, "period")).values == []


async def test_what_is_no_argument_is_not_completed_and_nothing_is_asked(mode: Mode) -> None:
    async with connect(fake_api(), mode=mode) as host:
        assert (await of_prompt(host, "nope", "site")).values == []
        assert (await of_prompt(host, "weekly_report", "nope")).values == []
        assert (await of_prompt(host, "campaign_check", "period", "week")).values == ["this_week", "last_week"]
        assert host.wire.requests == []


async def test_a_service_that_is_away_leaves_days_and_periods(mode: Mode) -> None:
    async with connect(lambda _: httpx.Response(503), mode=mode) as host:
        assert (await of_prompt(host, "weekly_report", "site")).values == []
        assert (await of_prompt(host, "kudos_review", "period")).values == list(PERIODS)
