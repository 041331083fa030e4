"""A process that records writes and sends them to a file until `support.kills` kills it."""

import os
import sys
import time
from pathlib import Path

import anyio
from tinylytics_tools.transport.database import Database
from tinylytics_tools.writes.record import Outcome, Write, WriteRecord


async def main(folder: Path) -> None:
    """Intent, sending, outcome, and a word of each on the way, again and again."""
    record = WriteRecord(Database(folder / "state.sqlite"), str(os.getpid()))
    service = os.open(folder / "service", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    number = 0
    while True:
        number += 1
        body = {"path": f"/{os.getpid()}/{number}"}
        entry = await record.begin(Write("create_hit", 1, body, path=body["path"]), time.time())
        os.write(service, f"{entry}\n".encode())
        await record.end(entry if isinstance(entry, int) else 0, Outcome.DONE, {"status": "created", "text": "x" * 500})
        os.write(1, f"{entry}\n".encode())


if __name__ == "__main__":
    anyio.run(main, Path(sys.argv[1]))
