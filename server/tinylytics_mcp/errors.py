"""The one way in which a command tells its user that it cannot do what was asked."""


class UsageError(Exception):
    """What was typed or set cannot be used: one line on stderr and exit status 2."""


class CommandError(Exception):
    """The command was right and did not work: one line on stderr and exit status 1."""
