"""The errors of a call, one class for each thing the caller would do differently.

Only this tree's text reaches the client (the SDK hides any other exception's), so a message holds no key, no raw
body and no visitor's text that did not pass `sanitize`. A message says what happened, why, and what to do.
"""

from mcp.server.mcpserver.exceptions import ResourceError, ToolError

LONGEST = 600
"""Characters of an error, ANSWERS 2."""


class TinylyticsError(ToolError, ResourceError):
    """An anticipated failure; `str(error)` is what the assistant reads, cut at 600 characters."""

    def __init__(self, message: str) -> None:
        super().__init__(message if len(message) <= LONGEST else message[: LONGEST - 1] + "…")


class InvalidArgument(TinylyticsError):
    """Change the call: the message names the argument and what it takes."""


class KeyNotAccepted(TinylyticsError):
    """Replace the key: missing, malformed, revoked, or refused with 401."""


class NotAllowed(TinylyticsError):
    """Take another key: this one may not do that."""


class SubscriptionNeeded(TinylyticsError):
    """The account's plan does not include it."""


class NotEnabled(TinylyticsError):
    """Switch the feature on for this site."""


class NotFound(TinylyticsError):
    """There is no such site, kudo or page."""


class Refused(TinylyticsError):
    """The service refused the values (422, 400); nothing was stored."""


class TooManyRequests(TinylyticsError):
    """Wait before any request; `retry_after_s` says how long, where it is known."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(TinylyticsError):
    """Try later: no connection, a time-out, a 5xx."""


class OutcomeUnknown(Unavailable):
    """A write that may or may not have been stored, for the reason `why`: check before repeating."""

    def __init__(self, message: str, *, why: str = "the answer was lost") -> None:
        super().__init__(message)
        self.why = why


class UnexpectedReply(TinylyticsError):
    """The service answered in a form that the API document does not describe."""
