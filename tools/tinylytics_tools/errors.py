"""The errors of a call, one class for each thing the caller would do differently.

    TinylyticsError
    ├── InvalidArgument      change the call: the message names the argument and what it takes
    ├── KeyNotAccepted       replace the key: missing, malformed, revoked, or refused with 401
    ├── NotAllowed           take another key: this one may not do that
    ├── SubscriptionNeeded   the account's plan does not include it
    ├── NotEnabled           switch the feature on for this site
    ├── NotFound             there is no such thing
    ├── Refused              the service refused the values (422, 400); nothing was stored
    ├── TooManyRequests      wait before any request; `retry_after_s` says how long, where it is known
    ├── Unavailable          try later: no connection, a time-out, a 5xx
    │   └── OutcomeUnknown   a write that may or may not have been stored: check before repeating
    └── UnexpectedReply      the service answered in a form that the API document does not describe

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
    """An argument cannot be used as it is."""


class KeyNotAccepted(TinylyticsError):
    """The API key is missing, malformed, revoked or unknown."""


class NotAllowed(TinylyticsError):
    """The key is good, but not for this."""


class SubscriptionNeeded(TinylyticsError):
    """A premium endpoint and an account without a subscription."""


class NotEnabled(TinylyticsError):
    """The feature is switched off for this site."""


class NotFound(TinylyticsError):
    """No such site, kudo or page."""


class Refused(TinylyticsError):
    """The service did not accept the values that were sent."""


class TooManyRequests(TinylyticsError):
    """The hourly allowance is used up, or the service wants a pause; nothing was sent, or a read was refused."""

    def __init__(self, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Unavailable(TinylyticsError):
    """The service could not be reached, or failed."""


class OutcomeUnknown(Unavailable):
    """A write was sent, and its outcome is unknown; `why` says for what reason."""

    def __init__(self, message: str, *, why: str = "the answer was lost") -> None:
        super().__init__(message)
        self.why = why


class UnexpectedReply(TinylyticsError):
    """An answer that is not what the API document says."""
