"""Tells browser and platform from a user agent, in a very small way."""

_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
)
_PLATFORMS = (
    ("iPhone", "iOS"),
    ("iPad", "iOS"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_MOBILE = ("Mobile", "iPhone", "Android")


def agent(user_agent: str | None) -> tuple[str | None, str | None, bool]:
    """Browser, platform and whether it is mobile; an unknown agent goes by its own first word."""
    if user_agent is None:
        return None, None, False
    unknown = user_agent.split("/", 1)[0].strip() or None
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), unknown)
    platform = next((name for mark, name in _PLATFORMS if mark in user_agent), None)
    return browser, platform, any(mark in user_agent for mark in _MOBILE)
