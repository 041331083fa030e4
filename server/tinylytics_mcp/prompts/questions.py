"""Prompts for questions that come up by themselves: what moved, a campaign, a spike, kudos, health."""

from tinylytics_tools import sanitize
from tinylytics_tools.errors import InvalidArgument
from tinylytics_tools.health import SOON
from tinylytics_tools.periods import DEFAULT_PERIOD, FIRST_START
from tinylytics_tools.tables import SMALL

from tinylytics_mcp.prompts.arguments import AnySite, Day, Referrer, Since, SomePeriod, SomeSite, Source, read_period
from tinylytics_mcp.prompts.plan import EACH, MOST_SITES, Plan, all_sites, call, one_site
from tinylytics_mcp.prompts.prompt import prompt

_DEFAULT = read_period(DEFAULT_PERIOD, FIRST_START)


@prompt(title="What moved since")
def what_moved(since: Since, site: AnySite = None) -> Plan:
    """Tell what changed since a day, against as many days before it, and nothing if nothing did."""
    days = {"start_date": since.isoformat()}
    moved = f"once for each of at most {MOST_SITES} sites that moved in answer 1"
    if site is None:
        calls = (
            call("get_overview", "hits, change, visitors, kudos and whether it is up, a row for each site", **days),
            call("check_health", "outages, certificates, domains and broken links"),
            call("explain_change", "what is behind it", per_site=moved, compare="previous_period", **days),
        )
    else:
        calls = (
            call("explain_change", "hits, change, and what it falls to", site=site, compare="previous_period", **days),
            call("list_kudos", "what was liked", site=site, **days, limit=5),
            call("check_health", "outages, certificate, domain and broken links", site=site),
        )
    return Plan(
        task=f"Tell me what moved on {all_sites(site)} since {since}.",
        calls=calls,
        form=(
            "only what moved, the largest first, a line each: what, from how many to how many, and what is behind it. "
            f"If nothing moved, answer with the single line “Nothing moved since {since}.” and not a word more."
        ),
        rules=(
            f"These moved: hits, a page or a referrer that changed by {SMALL} hits and 20 per cent or more; a new page "
            f"or referrer with {SMALL} hits or more; a site that is down; a certificate or domain that ends within "
            f"{SOON} days; broken links. Nothing else did: leave it out.",
            "If no days are compared, because the site is too young or the answers are not complete, that is a line.",
        ),
    )


@prompt(title="Campaign check")
def campaign_check(
    source: Source = None, referrer: Referrer = None, site: SomeSite = None, period: SomePeriod = None
) -> Plan:
    """Check what a campaign (its name in ?ref= or ?utm_source=) or a referring site brought, and whether it lasted."""
    days = period or _DEFAULT
    against = "all traffic of these days, to set it against"
    calls = [call("summarize_traffic", against, site=site, **days.arguments, limit=3)]
    names: list[str] = []
    if source:
        names.append(f"the source {sanitize.phrase(source)}")
        by_source = {"site": site, "dimension": "source", "search": source}
        calls += [
            call("rank_traffic", "the source", **by_source, **days.arguments),
            call("rank_traffic", "whether it still brings visits", **by_source, period="last_7_days"),
        ]
    if referrer:
        names.append(f"the referrer {sanitize.phrase(referrer)}")
        host = sanitize.host(referrer)
        search = referrer if host == sanitize.NOT_A_HOST else host
        calls += [
            call("rank_traffic", "the referrer", site=site, dimension="referrer", search=search, **days.arguments),
            call("summarize_traffic", "its visits by day and by page", site=site, referrer=referrer, **days.arguments),
            call("get_user_journeys", "what they read next", site=site, referrer=referrer, **days.arguments, limit=3),
        ]
    if not names:
        raise InvalidArgument("Give source, the name in ?ref= or ?utm_source=, or referrer, the referring host.")
    calls.append(call("list_kudos", "what was liked", site=site, **days.arguments, limit=3))
    return Plan(
        task=f"Check what {' and '.join(names)} brought to {one_site(site)} in the period {days.words}.",
        calls=tuple(calls),
        form=(
            "first whether it worked: hits from there, their share of all hits, the change against the days before. "
            "Then the pages that visitors came to and read next, which only a referrer tells, and whether it lasted. "
            "At most 150 words. If nothing came from there, say so, and what was looked for."
        ),
        rules=(
            "rank_traffic searches by a part of the name: take hits, share and change from the row that is meant, not "
            "from rows that only contain it, nor from the change of the whole answer, which is that of all hits.",
            "A source is what the link carried, a referrer the page that it stood on: one visit can have both, so "
            "set them side by side and never add them up.",
            "If an answer is an estimate, say so, and on how many hits or journeys it rests.",
            "Kudos are not tied to a source: name those of the pages, and claim no cause.",
        ),
    )


@prompt(title="Spike autopsy")
def spike_autopsy(day: Day, site: SomeSite = None) -> Plan:
    """Explain a day with unusual traffic: how unusual it was, which pages, sources and hours, people or bots."""
    hours = {"dimension": "hour", "start_date": day.isoformat(), "end_date": day.isoformat()}
    return Plan(
        task=f"Find out why {one_site(site)} had unusual traffic on {day}.",
        calls=(
            call("explain_change", "what is usual, and what the difference falls to", site=site, day=day.isoformat()),
            call("rank_traffic", "when it began and how long it lasted", site=site, **hours),
        ),
        form=(
            "one sentence with the cause and how sure it is; then the evidence: the hits of the day against the usual "
            "ones and the days that these are of, the pages, referrers and links that contribute most, the page and "
            "the referrer together, the hours, and whether it lasted; then what speaks for people and what for a bot. "
            "At most 180 words. If the day was not unusual, that is the first sentence, and no cause is looked for."
        ),
        rules=(
            "A cause is what the figures show. Call everything else a guess.",
            "For a bot speak: nearly all hits with one browser, platform or country, no referrer, the same number of "
            "hits at every hour, paths that no page of the site has.",
        ),
    )


@prompt(title="Kudos review")
def kudos_review(site: SomeSite = None, period: SomePeriod = None) -> Plan:
    """Review kudos, the likes of pages: what was liked, and what is read but not liked."""
    days = period or _DEFAULT
    return Plan(
        task=f"Review the kudos of {one_site(site)} in the period {days.words}.",
        calls=(
            call("list_kudos", "kudos of these days, by page and the newest", site=site, **days.arguments),
            call("list_kudos", "all kudos, pages by kudos per 100 views", site=site, period="all_time", sort="rate"),
            call("rank_traffic", "what was read", site=site, dimension="path", **days.arguments),
        ),
        form=(
            "kudos in the period and of all time; the pages that were liked most, with likes per hundred views; pages "
            "that are read much and not liked; the newest kudos. At most 150 words."
        ),
        rules=("A uid is whatever its sender chose: it names nobody.",),
        if_asked=(call("delete_kudo", "deleting kudos that I have named", site=site or EACH, uids=["UID"]),),
    )


@prompt(title="Health check")
def health_check(site: AnySite = None) -> Plan:
    """Check outages, certificates, domains and broken links, with the details of what needs attention."""
    uptime, content = "outages, certificate and domain", "which links are broken"
    if site is None:
        urgent = f"once for each of at most {MOST_SITES} sites that need attention in answer 1"
        calls = (
            call("check_health", "all sites, those that need attention first"),
            call("get_uptime", uptime, per_site=urgent),
            call("get_content_status", content, per_site=urgent),
        )
    else:
        calls = (
            call("check_health", "what needs attention", site=site),
            call("get_uptime", uptime, site=site),
            call("get_content_status", content, site=site),
        )
    return Plan(
        task=f"Check the health of {all_sites(site)}.",
        calls=calls,
        form=(
            "what needs attention, the most urgent first, a line each with what to do about it; then what is well, in "
            "one line; then what is not known, and why. At most 150 words."
        ),
        rules=("Not monitored, switched off and unknown are three different things, and none of them means up.",),
    )
