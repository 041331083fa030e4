"""The command `report`: writes the traffic, kudos and uptime of a site, or of all, to one file."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import anyio
from mcp import Client

from tinylytics_mcp.backend import open_client, settings_for
from tinylytics_mcp.commands.report_html import document
from tinylytics_mcp.commands.report_markdown import markdown
from tinylytics_mcp.commands.report_results import read_report
from tinylytics_mcp.errors import CommandError, UsageError
from tinylytics_mcp.hosts import own_environment
from tinylytics_mcp.server import create_server
from tinylytics_mcp.terminal import Terminal

_FORMATS = {".html": "html", ".htm": "html", ".md": "markdown", ".markdown": "markdown"}
_STDOUT = Path("-")


def command(
    *, site: str, period: str | None, output: Path, form: str | None, force: bool, demo: bool, cached: bool
) -> None:
    """Write the report on a site, or on `all`, and print its path; to `-`, print the report itself."""
    form = form or ("html" if output == _STDOUT else _FORMATS.get(output.suffix.lower()))
    if form is None:
        raise UsageError(f"a report is .html or .md: {str(output)!r} ends in neither. Or give --format.")
    if output != _STDOUT and output.is_file() and not force:
        raise UsageError(f"{str(output)!r} is there already. Give another name, or --force to write over it.")
    settings = settings_for(own_environment(), demo=demo)
    out = Terminal(sys.stdout)

    async def read() -> str:
        async with (
            open_client(settings, demo=demo, cached=cached) as api_client,
            Client(create_server(api_client)) as client,
        ):
            return await report(client, site, period, form)

    text = anyio.run(read)
    if output == _STDOUT:
        out.line(text.removesuffix("\n"))
        return
    write(text, output, force=force)
    out.line(str(output))


async def report(client: Client, site: str, period: str | None, form: str, made: datetime | None = None) -> str:
    """Return the report on a site, or on `all`, as HTML or Markdown; without the traffic there is none."""
    read = await read_report(client, site, period, made or datetime.now(UTC))
    return document(read) if form == "html" else markdown(read.title, read.answers)


def write(text: str, output: Path, *, force: bool = False) -> None:
    """Write a report to a file, over one that is there only with `force`; a CommandError if that cannot be."""
    is_new = not (output.exists() or output.is_symlink())
    try:
        with output.open("w" if force else "x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        if is_new:
            output.unlink(missing_ok=True)  # half a report
        raise CommandError(f"{str(output)!r} cannot be written: {error.strerror}.") from None
