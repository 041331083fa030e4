"""The commands of the command line, one module each; `cli` imports one when it is asked for and calls its `command`."""
