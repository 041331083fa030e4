"""What the server is called and which version of it runs."""

import os
from importlib.metadata import version

NAME = "tinylytics"
PROGRAM = "tinylytics-mcp"
VERSION = version(PROGRAM)
CALLED = os.environ.get("_TINYLYTICS_RUN") or PROGRAM
"""What was typed to start it, for lines that are to be typed: `./run` tells it."""
