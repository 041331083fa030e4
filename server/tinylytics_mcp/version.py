"""What the server is called and which version of it runs."""

from importlib.metadata import version

NAME = "tinylytics"
PROGRAM = "tinylytics-mcp"
VERSION = version(PROGRAM)
