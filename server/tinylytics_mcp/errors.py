"""How a command ends that does not run to its end."""


class UsageError(Exception):
    """What was typed or set cannot be used: one line on stderr and exit status 2."""


class CommandError(Exception):
    """The command was right and did not work: one line on stderr and exit status 1."""


class OutputClosed(Exception):
    """Nobody reads the output any more: nothing on stderr and exit status 0."""
