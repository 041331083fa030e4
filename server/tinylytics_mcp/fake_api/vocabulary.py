"""The words the made-up account consists of: pages, referrers, countries and devices, with their weights."""

from tinylytics_mcp.fake_api.store import Value

TOPICS = (
    "static-sites",
    "rss-readers",
    "fountain-pens",
    "sourdough",
    "night-trains",
    "mechanical-keyboards",
    "self-hosting",
    "paper-notebooks",
    "small-web",
    "bicycle-repair",
    "home-servers",
    "film-cameras",
)
STYLES = (
    "a-love-letter-to",
    "getting-started-with",
    "what-i-learned-from",
    "the-trouble-with",
    "a-year-of",
    "notes-on",
    "why-i-left",
    "how-i-use",
    "in-praise-of",
    "the-cost-of",
    "seven-lessons-from",
)
POSTS = tuple(f"/blog/{style}-{topic}" for style in STYLES for topic in TOPICS)
"""132 posts; each is published at some time of the history, in this order."""

ALBUMS = tuple(
    f"/albums/{year}/{subject}" for year in (2024, 2025) for subject in ("fog", "harbour", "stairs", "winter")
)
NOTES = tuple(f"/notes/{number}" for number in range(1, 25))
"""What the photo site and the young site consist of."""

STEADY_PAGES = (
    ("/", 22.0),
    ("/about", 5.0),
    ("/about/", 2.5),
    ("/blog", 7.0),
    ("/blog/", 2.0),
    ("/hello", 4.0),
    ("/now", 2.0),
    ("/now/", 0.8),
    ("/contact", 1.2),
    ("/contact/", 0.5),
    ("/uses", 1.5),
    ("/uses/", 0.4),
    ("/archive", 1.5),
    ("/archive/", 0.5),
    ("/search", 0.5),
    ("/newsletter", 1.5),
    ("/newsletter/", 0.5),
    ("/colophon", 0.4),
    ("/blogroll", 0.6),
    *((f"/tags/{topic}", 0.4) for topic in TOPICS),
)
MACHINE_PAGES = (("/feed.xml", 3.0), ("/newsletter/pixel.gif", 2.0))
"""Feed readers and e-mail programs are counted as hits too (field notes 24)."""

SPIKE_POST = "/blog/the-trouble-with-rss-readers"
SPIKE_REFERRER = "https://news.ycombinator.com/"

_FEDIVERSE = ("mastodon.social", "fosstodon.org", "hachyderm.io", "mas.to", "chaos.social", "indieweb.social")
_FRIENDS = ("ada", "bruno", "chiara", "dmitri", "esther", "farah", "goran", "hana", "ines", "jonas", "kaito", "lena")

REFERRERS = (
    "https://www.google.com/",
    "https://duckduckgo.com/",
    "https://micro.blog/",
    "https://news.ycombinator.com/",
    "https://t.co/9fQ2xL1pVb",
    "https://www.bing.com/",
    "https://chatgpt.com/",
    "https://pinterest.com/pin/9912",
    "https://kagi.com/",
    "https://www.perplexity.ai/",
    "android-app://com.google.android.gm/",
    *(f"https://{host}/" for host in _FEDIVERSE),
    "https://google.com/",
    "http://www.google.de/",
    "https://www.google.co.uk/",
    "https://www.ecosia.org/",
    "https://search.brave.com/",
    "https://bsky.app/",
    "https://lobste.rs/",
    "https://github.com/",
    "https://www.reddit.com/",
    "https://old.reddit.com/r/selfhosted/",
    "https://feedly.com/",
    "https://www.inoreader.com/",
    "https://copilot.microsoft.com/",
    *(
        f"https://{host}/@{friend}/11{number:02d}87"
        for number, friend in enumerate(_FRIENDS)
        for host in _FEDIVERSE[:4]
    ),
    *(f"https://{friend}.example.net/links/{number}" for friend in _FRIENDS for number in (1, 2, 3)),
    *(f"https://news.ycombinator.com/item?id={40_100_200 + 317 * number}" for number in range(14)),
    *(f"https://micro.blog/{friend}" for friend in _FRIENDS),
    *(f"https://www.reddit.com/r/{topic.replace('-', '')}/comments/{number}a/" for number, topic in enumerate(TOPICS)),
    *(f"https://t.co/Ab{number:02d}xYz" for number in range(20)),
    *(f"https://www.pinterest.com/pin/{88_000 + number}" for number in range(8)),
    *(f"https://www.google.com/search?q={topic}" for topic in TOPICS),
    *(f"https://duckduckgo.com/?q={topic}" for topic in TOPICS),
    *(f"https://{topic}.example.org/weekly/{number}" for topic in TOPICS for number in (12, 31)),
)

COUNTRIES: tuple[tuple[Value, float], ...] = (
    ("US", 34),
    ("DE", 13),
    ("GB", 9),
    ("CA", 6),
    ("FR", 5),
    ("NL", 4),
    ("PL", 4),
    ("SE", 3),
    ("AU", 3),
    ("IN", 3),
    ("JP", 2),
    ("BR", 2),
    ("ES", 2),
    ("IT", 2),
    ("CH", 2),
    ("AT", 1),
    ("NO", 1),
    ("FI", 1),
    ("DK", 1),
    ("IE", 1),
    ("CN", 1),
    ("XX", 1),
    (None, 1),
)

DEVICES: tuple[tuple[tuple[Value, Value, Value], float], ...] = (
    (("Safari", "iOS", 1), 24),
    (("Chrome", "Windows", 0), 17),
    (("Safari", "macOS", 0), 15),
    (("Chrome", "Android", 1), 13),
    (("Firefox", "Linux", 0), 7),
    (("Chrome", "macOS", 0), 7),
    (("Firefox", "Windows", 0), 5),
    (("Firefox", "macOS", 0), 3),
    (("Edge", "Windows", 0), 3),
    (("Samsung Internet", "Android", 1), 2),
    (("Opera", "Windows", 0), 1),
    (("Chrome", "ChromeOS", None), 1),
    ((None, None, None), 2),
)

SOURCES: tuple[tuple[str | None, float], ...] = (
    (None, 82),
    ("newsletter", 9),
    ("mastodon", 4),
    ("google", 2),
    ("bluesky", 1.5),
    ("rss", 1),
    ("podcast", 0.5),
)

HOURS = (2, 1, 1, 1, 1, 2, 3, 5, 6, 6, 6, 6, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 5, 3)
"""How busy each hour (UTC) is."""
WEEKDAYS = (1.05, 1.15, 1.2, 1.15, 1.0, 0.7, 0.75)
VISIT_LENGTHS = (58, 11, 8, 5, 4, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5)
"""How many visits have 1, 2, … pages."""
