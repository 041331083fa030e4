"""The program with deadlines of seconds in place of half a minute, so that a service that never answers costs less."""

import os
import sys

from tinylytics_mcp.cli import main
from tinylytics_tools.transport.retry import send

READ_S, WRITE_S = 2.0, 3.0

if __name__ == "__main__":
    read_s = float(os.environ.get("RELIABILITY_READ_S", READ_S))
    send.__kwdefaults__ = {**(send.__kwdefaults__ or {}), "read_s": read_s, "write_s": WRITE_S}
    sys.exit(main())
