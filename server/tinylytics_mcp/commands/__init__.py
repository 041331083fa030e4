"""The commands of the command line, one module each; `cli` imports one when it is asked for and calls its `command`.

It raises UsageError where an argument or a setting cannot be used, CommandError where something did not work, and
OutputClosed where nobody reads its output any more.
"""
