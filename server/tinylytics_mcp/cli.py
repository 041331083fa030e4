"""The command line: parses the arguments, runs the command and returns its exit status."""

import argparse
import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import Any, cast

from tinylytics_mcp import logs
from tinylytics_mcp.errors import CommandError, OutputClosed, UsageError
from tinylytics_mcp.terminal import Terminal, drop_unwritten, say
from tinylytics_mcp.version import CALLED, PROGRAM, VERSION

_EPILOG = """\
settings (environment variables):
  TINYLYTICS_API_KEY       the key: tly-ro-… may read, tly-fa-… may also write
  TINYLYTICS_API_KEY_FILE  a file that holds the key, instead
  TINYLYTICS_READ_ONLY     1 keeps a full-access key from writing
  TINYLYTICS_SITE          the default site
  TINYLYTICS_TIME_ZONE     utc (the default) or user: the zone of days
  TINYLYTICS_STATE_DIR     the folder of the reply cache and the record of writes
  TINYLYTICS_BASE_URL      another address of the API
  TINYLYTICS_REDIS_URL     a Redis that replicas share, instead of that folder
  TINYLYTICS_STATE_KEY     32 secret characters or more, the same on all replicas
  TINYLYTICS_LOG_FORMAT    text (the default) or json, with a line for each tool call

to serve others over HTTP, one of (docs/settings.md has all):
  TINYLYTICS_TOKENS_FILE   who may connect: the file that `token` writes
  TINYLYTICS_CLIENT_KEYS   1: each client sends its own key, as X-Tinylytics-Key
  TINYLYTICS_PUBLIC_URL    people log in (OAuth): the https address of this server

examples:
  tinylytics-mcp demo
  tinylytics-mcp call get_overview --demo
  tinylytics-mcp call summarize_traffic site=example.com period=last_month
"""

EDITED = ("claude-desktop", "claude-code", "cursor", "vscode")
PRINTED = ("windsurf", "zed", "gemini-cli", "codex", "other")
"""The hosts of `hosts`, which takes long to load."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; return 0 if it worked, 1 if it failed, 2 if it was used wrongly."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without our characters must not end the command
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or (arguments[0].startswith("-") and arguments[0] not in ("-h", "--help", "--version")):
        arguments.insert(0, "serve")
    try:
        options = vars(_parsed(arguments))
        name = options.pop("command").replace("-", "_")
        logs.configure()
        _load(name).command(**options)
    except Exception as raised:
        error = raised
        while isinstance(error, ExceptionGroup):  # as task groups raise what happens in them
            error = cast("ExceptionGroup[Exception]", error).exceptions[0]
        if isinstance(error, OutputClosed):
            return 0
        if not isinstance(error, UsageError | CommandError):
            raise
        say(str(error), is_error=True)
        return 2 if isinstance(error, UsageError) else 1
    except KeyboardInterrupt:
        return 130
    finally:
        drop_unwritten()
    return 0


def _load(name: str) -> Any:
    """Import a command alone: the SDK takes longer to load than to show the help."""
    gc.disable()  # what is loaded stays: looking for garbage meanwhile takes a tenth of the start
    try:
        return import_module(f"tinylytics_mcp.commands.{name}")
    finally:
        gc.freeze()
        gc.enable()


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _parser()
    args, rest = parser.parse_known_args(arguments)  # argparse alone would not take `call TOOL --json name=value`
    unknown = [word for word in rest if args.command != "call" or word.startswith("-")]
    if unknown:
        parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if args.command == "call":
        args.pairs += rest
    return args


class _Help(argparse.Action):
    """Shows the help of `call`, or leaves that of a tool to the command."""

    def __init__(self, option_strings: Sequence[str], dest: str, **kwargs: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, default=False, **kwargs)

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, *_: Any) -> None:
        if namespace.tool is None:
            parser.print_help()
            parser.exit()
        namespace.help = True


class _Parser(argparse.ArgumentParser):
    def _print_message(self, message: str, file: Any = None) -> None:
        if file is sys.stdout:  # argparse ignores that help or version cannot be written
            Terminal(sys.stdout).line(message.rstrip("\n"))
        else:
            super()._print_message(message, file)


class _Columns(argparse.RawDescriptionHelpFormatter):
    """Keeps room for the longest command, which Python before 3.13 counts as shorter than it stands."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        self._action_max_length = len("    uninstall")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=CALLED,
        description="Ask an assistant about your Tinylytics traffic, over the Model Context Protocol.",
        epilog=_EPILOG.replace(PROGRAM, CALLED),
        formatter_class=_Columns,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {VERSION}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    demo = _Parser(add_help=False)
    demo.add_argument("--demo", action="store_true", help="a made-up account, no key and no network")
    cache = _Parser(add_help=False)
    cache.add_argument("--no-cache", dest="cached", action="store_false", help="store no answers and use none again")

    serve = commands.add_parser("serve", parents=[demo, cache], help="serve a host such as Claude (the default)")
    serve.add_argument("--transport", choices=("stdio", "http", "sse"), default="stdio", help="default: stdio")
    _add_address(serve, port=8000)
    commands.add_parser("demo", help="watch an assistant's questions being answered").add_argument(
        "--full", action="store_true", help="all of each answer, and its cost beside the raw API"
    )
    call = commands.add_parser("call", parents=[demo, cache], help="call one tool and print its answer", add_help=False)
    call.add_argument("-h", "--help", action=_Help, help="show this help; after TOOL what the tool takes")
    call.add_argument("tool", metavar="TOOL", help="a name that `tools` lists")
    call.add_argument("pairs", nargs="*", default=[], metavar="name=value", help="or name=@file.json")
    call.add_argument("--json", dest="structured", action="store_true", help="print the structured half of the answer")
    report = commands.add_parser(
        "report", parents=[demo, cache], help="write a site's figures, or all sites', to a file"
    )
    report.add_argument("site", metavar="SITE", help="its id, uid, domain, URL or label, or all")
    report.add_argument("--period", help="a name that summarize_traffic takes; default: last_30_days")
    report.add_argument(
        "-o", "--output", type=Path, default=Path("report.html"), help="an .html or .md file; - prints it"
    )
    report.add_argument("--format", dest="form", choices=("html", "markdown"), help="default: by the name of the file")
    report.add_argument("--force", action="store_true", help="write over a file that is there")
    tools = commands.add_parser("tools", parents=[demo], help="list the tools that the key may use")
    tools.add_argument("--verbose", action="store_true", help="and what each takes")
    writes = commands.add_parser("writes", help="list the writes sent from this computer")
    writes.add_argument("--limit", type=_count, default=50, help="default: 50, the newest first")
    forget = commands.add_parser("forget", help="remove what is stored of your key")
    forget.add_argument(
        "what", choices=("replies", "counts", "all"), help="all: with the record of writes, if you agree"
    )
    forget.add_argument("--yes", action="store_true", help="remove the record of writes without being asked")
    _add_install(commands)
    doctor = commands.add_parser("doctor", help="find out what is wrong, and what to do about it")
    doctor.add_argument("--json", dest="structured", action="store_true", help="print the findings as JSON")
    looks = doctor.add_mutually_exclusive_group()
    looks.add_argument("--url", help="look at a server that runs elsewhere, as claude.ai, ChatGPT and Cursor do")
    looks.add_argument("--record", type=Path, metavar="FILE", help="write names and types of all replies, no values")
    _add_token(commands.add_parser("token", help="manage the tokens of HTTP clients, and logins"))
    fake_api = commands.add_parser("fake-api", help="serve a made-up Tinylytics API on a port")
    _add_address(fake_api, port=8001)
    return parser


def _add_install(commands: Any) -> None:
    install = commands.add_parser("install", help="enter this server into Claude, Cursor or VS Code")
    install.add_argument("host", metavar="HOST", choices=EDITED + PRINTED, help=", ".join(EDITED + PRINTED))
    install.add_argument("--print", dest="printed", action="store_true", help="print the entry and write nothing")
    what = install.add_mutually_exclusive_group()
    what.add_argument("--demo", action="store_true", help="a made-up account, no key and no network")
    what.add_argument("--url", help="a server that runs elsewhere, such as https://mcp.example.com/mcp")
    install.set_defaults(remove=False)
    uninstall = commands.add_parser("uninstall", help="take it out again")
    uninstall.add_argument("host", metavar="HOST", choices=EDITED, help=", ".join(EDITED))
    uninstall.set_defaults(command="install", remove=True)


def _add_token(token: argparse.ArgumentParser) -> None:
    actions = token.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser("add", help="make a token and print it once")
    add.add_argument("name", metavar="NAME", help="a name for its holder")
    add.add_argument("--access", choices=("read_only", "full_access"), required=True, help="what it may do")
    add.add_argument("--key-file", type=Path, help="its own Tinylytics key; default: the key of the server")
    actions.add_parser("list", help="list the tokens and logins, without secrets")
    actions.add_parser("revoke", help="revoke a token, or end a login").add_argument("name", metavar="NAME")


def _add_address(parser: argparse.ArgumentParser, *, port: int) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1")
    parser.add_argument("--port", type=_port, default=port, help=f"default: {port}; 0 takes a free one")


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 10_000:
        raise argparse.ArgumentTypeError("a limit is a number from 1 to 10000")
    return int(text)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError("a port is a number from 0 to 65535")
    return int(text)
