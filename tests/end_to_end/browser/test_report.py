"""The report as people open it: with scripts and without, on paper, in the dark, on a phone."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.client import NOW, connect
from support.dashboard_host import Stage
from tinylytics_mcp.commands.report import report
from tinylytics_mcp.fake_api import FakeApi

if TYPE_CHECKING:
    from playwright.async_api import Browser

pytestmark = pytest.mark.anyio
REPORTS = [("456", None), ("all", "last_week"), ("456", "yesterday"), ("458", "last_month")]


@pytest.mark.parametrize(("site", "period"), REPORTS)
async def test_a_report_is_accessible_and_asks_nothing_of_any_network(
    stage: Stage, tmp_path: Path, site: str, period: str | None
) -> None:
    address = await _written(tmp_path, site, period)
    for width in (1200, 400):
        page = await stage.open(width)
        await page.goto(address)
        assert await stage.problems(page.main_frame) == []
        assert await page.evaluate("document.documentElement.scrollWidth") == width
    assert {*stage.requested} == {address}


async def test_without_scripts_all_is_there_but_the_names_of_countries(
    browser: "Browser", stage: Stage, tmp_path: Path
) -> None:
    address = await _written(tmp_path, "456", None)
    scripted = await stage.open()
    await scripted.goto(address)
    context = await browser.new_context(offline=True, java_script_enabled=False)
    page = await context.new_page()
    await page.goto(address)
    rows, names = await page.locator("main tr").count(), await page.locator("[data-country]").all_inner_texts()
    assert rows == await scripted.locator("main tr").count()
    assert await page.locator("svg rect.column").count() == 30
    assert await page.locator("svg polyline.before").count() == 1
    assert (names[0], (await scripted.locator("[data-country]").all_inner_texts())[0]) == ("US", "United States")
    assert all(
        box["height"] > 3 for box in [await one.bounding_box() or {} for one in await page.locator(".bar").all()]
    )
    await context.close()


async def test_each_line_of_the_contents_leads_to_its_section(stage: Stage, tmp_path: Path) -> None:
    page = await stage.open()
    await page.goto(await _written(tmp_path, "all", None))
    assert await page.locator("nav a").all_inner_texts() == ["All sites", "My Blog", "Field Notes", "Photos"]
    for link in await page.locator("nav a").all():
        anchor = await link.get_attribute("href") or ""
        assert await page.locator(f"h2{anchor}").inner_text() == await link.inner_text()


async def test_on_paper_no_table_is_divided_and_nothing_is_dark(stage: Stage, tmp_path: Path) -> None:
    page = await stage.open()
    await page.emulate_media(media="print", color_scheme="dark")
    await page.goto(await _written(tmp_path, "456", None))
    for selector in (".table", "figure", "tr"):
        inside = await page.locator(selector).evaluate_all(
            "(all) => all.map((one) => getComputedStyle(one).breakInside)"
        )
        assert {*inside} == {"avoid"}
    assert await page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert await page.locator("details").first.is_hidden()


async def _written(folder: Path, site: str, period: str | None) -> str:
    async with connect(FakeApi(now=lambda: NOW)) as connected:
        text = await report(connected.client, site, period, "html", NOW)
    file = folder / "report.html"
    file.write_text(text, "utf-8")
    return file.as_uri()
