"""Lets `python -m tinylytics_mcp` be the command `tinylytics-mcp`."""

import sys

from tinylytics_mcp.cli import main

if __name__ == "__main__":
    sys.exit(main())
