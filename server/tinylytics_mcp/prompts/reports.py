"""Prompts for reports that come round with the calendar: a week, a month, a year."""

from tinylytics_mcp.prompts.arguments import AnySite, Days, SomeMonth, SomeSite, Year
from tinylytics_mcp.prompts.plan import MOST_SITES, Call, Plan, all_sites, call, one_site
from tinylytics_mcp.prompts.prompt import prompt

_BUSIEST = f"once for each of the {MOST_SITES} sites with the most hits in answer 1"
_LAST_MONTH = Days("last month", {"period": "last_month"})
_PARTS = (
    "the change against the days before, with the days that are compared; the best and the worst day; the five best "
    "pages{}; where visitors came from; kudos"
)


@prompt(title="Weekly report")
def weekly_report(site: AnySite = None) -> Plan:
    """Report on last week, Monday to Sunday, against the week before: traffic, pages, sources, kudos, health."""
    return Plan(
        task=f"Write the report for last week, Monday to Sunday, of {all_sites(site)}.",
        calls=_calls(site, {"period": "last_week"}),
        form=_form(site, words=120),
    )


@prompt(title="Monthly report")
def monthly_report(month: SomeMonth = None, site: AnySite = None) -> Plan:
    """Report on a month against the one before: traffic, pages that rose and fell, sources, kudos, health."""
    days = month or _LAST_MONTH
    return Plan(
        task=f"Write the monthly report, for {days.words}, of {all_sites(site)}.",
        calls=_calls(site, days.arguments),
        form=_form(site, words=200),
    )


@prompt(title="Year in review")
def year_in_review(year: Year, site: SomeSite = None) -> Plan:
    """Look back on a year of a site: its traffic against the year before, best pages, sources, weekdays, kudos."""
    days = year.arguments
    before = {**days, "compare": "previous_year"}
    return Plan(
        task=f"Look back on the year {year.words} of {one_site(site)}.",
        calls=(
            call("summarize_traffic", "totals, best and worst months, countries, browsers", site=site, **before),
            call("rank_traffic", "the pages of the year", site=site, dimension="path", **before),
            call("rank_traffic", "who sent visitors", site=site, dimension="referrer", **before),
            call("rank_traffic", "by which channels they came", site=site, dimension="channel", **before),
            call("rank_traffic", "the days of the week", site=site, dimension="weekday", **days, compare="none"),
            call("list_kudos", "the pages that were liked most", site=site, **days),
        ),
        form=(
            "a headline with the hits of the year and the change against the year before; then how the year went, "
            "with its best and its worst stretch; the five best pages and what is new among them; who sent visitors, "
            "and by which channels; from which countries; on which weekdays they came; kudos. At most 300 words, warm "
            "and plain."
        ),
        rules=(
            "If the site is younger than the year before, say since when it counts instead of comparing.",
            "If the weekdays are an estimate, say so, and on how many hits it rests.",
        ),
    )


def _calls(site: str | None, days: dict[str, str]) -> tuple[Call, ...]:
    """The same report for one site in full, or for all with a look at the busiest."""
    if site is None:
        return (
            call("get_overview", "hits, change, visitors, kudos and whether it is up, a row for each site", **days),
            call("summarize_traffic", "its best and worst days, pages and sources", per_site=_BUSIEST, **days),
            call("check_health", "outages, certificates, domains and broken links"),
        )
    return (
        call("summarize_traffic", "totals, change, best and worst days, sources", site=site, **days),
        call("rank_traffic", "which pages rose, fell, are new or gone", site=site, dimension="path", **days),
        call("list_kudos", "what was liked", site=site, **days, limit=5),
        call("check_health", "outages, certificate, domain and broken links", site=site),
    )


def _form(site: str | None, *, words: int) -> str:
    if site is None:
        return (
            "a line on all sites together, from the headline of answer 1; then for each site a heading and "
            f"{_PARTS.format('')}, at most {words} words a site; a site that was not looked at by itself gets its row "
            "of answer 1 in a sentence. Last, under Health, only what needs attention, or one line that nothing known "
            "does."
        )
    return (
        f"a headline with the hits; then {_PARTS.format(' and which rose or fell')}; last, under Health, what needs "
        f"attention, or one line that nothing known does. At most {words} words."
    )
