"""The commands `install` and `uninstall`: enter this server into the configuration of a host, and take it out again."""

import getpass
import os
import sys
from collections.abc import Callable
from pathlib import Path

from tinylytics_tools.access import WHERE_KEYS_ARE_MADE, ApiKey
from tinylytics_tools.errors import KeyNotAccepted

from tinylytics_mcp import json_edit
from tinylytics_mcp.errors import CommandError, UsageError
from tinylytics_mcp.hosts import HOSTS, KEY_INPUT, Host, is_temporary, key_file, this_system
from tinylytics_mcp.settings import API_KEY, API_KEY_FILE, Settings, checked_base_url, read_settings
from tinylytics_mcp.terminal import Terminal, say
from tinylytics_mcp.version import CALLED, NAME, PROGRAM


def command(*, host: str, remove: bool, printed: bool = False, demo: bool = False, url: str | None = None) -> None:
    """Enter this server into a host's configuration, print what would be entered, or take it out."""
    out, chosen = Terminal(sys.stdout), HOSTS[host]
    if remove:
        if _change(out, chosen, lambda text: _without(text, chosen)) and key_file().exists():
            say(f"the key stays in {key_file()}: delete that file if nothing else uses it.")
        return
    if url is not None:
        url = checked_base_url("--url", url, example="https://mcp.example.com/mcp")
        if chosen.url_name is None:
            raise UsageError(f"{chosen.title} takes an address in its window alone: Settings, Connectors.")
    is_own = url is None and not demo
    settings = read_settings(os.environ) if is_own else None
    file = _key_file(settings, out, may_write=not printed) if settings and not chosen.asks else None
    entry = chosen.entry(demo=demo, url=url, key_file=file, environment=os.environ)
    if printed or not chosen.edits:
        out.line(chosen.document(entry))
        if host != "other":
            say(f"for {chosen.file(this_system(os.environ))}")
        if file is not None and not file.exists():
            say(f"put the key into {file}, which nobody else may read (chmod 600).")
        return
    if url is None and is_temporary():
        raise CommandError(
            f"this copy of {PROGRAM} lies in a cache and can vanish: install it first, as the README says, and run "
            "the installed one. With --print nothing is written."
        )

    def with_entry(text: str) -> str:
        if chosen.asks and is_own:
            text = json_edit.put(text, ("inputs", f"id={KEY_INPUT['id']}"), KEY_INPUT)
        return json_edit.put(text, (chosen.section, NAME), entry)

    if _change(out, chosen, with_entry):
        out.lines(f"+ {line}" for line in chosen.document(entry).split("\n"))
        out.line(f"Restart {chosen.title}; `{CALLED} doctor` tells what is wrong if it does not connect.")


def _without(text: str, host: Host) -> str:
    text = json_edit.drop(text, (host.section, NAME))
    return json_edit.drop(text, ("inputs", f"id={KEY_INPUT['id']}")) if host.asks else text


def _change(out: Terminal, host: Host, edit: Callable[[str], str]) -> bool:
    """Edit a host's file and say so; keep a copy of what was there. Returns whether something changed."""
    file = host.file(this_system(os.environ)).expanduser()
    try:
        file = file.resolve()  # of a link what it leads to
        before = file.read_bytes() if file.exists() else b""
        after = edit(before.decode("utf-8")).encode("utf-8")
        if after == before:
            out.line(f"{file}: nothing to change.")
            return False
        mode = file.stat().st_mode & 0o777 if before else 0o600
        if before:
            copy = file.with_name(f"{file.name}.before-{NAME}")
            _write(copy, before, mode=mode)
            done = f"changed; as it was before: {copy.name}"
        else:
            doubt = "" if file.parent.exists() else f"; there was no such folder: is {host.title} installed?"
            file.parent.mkdir(parents=True, exist_ok=True)
            done = f"made{doubt}"
        _write(file, after, mode=mode)
        out.line(f"{file}: {done}")
    except (OSError, RuntimeError) as error:
        raise CommandError(f"{file} cannot be changed: {getattr(error, 'strerror', 'a link to itself')}.") from None
    except ValueError as error:
        why = "it is not UTF-8" if isinstance(error, UnicodeDecodeError) else error
        raise CommandError(f"{file} was left as it is: {why}. Mend it, or use --print.") from None
    return True


def _write(file: Path, content: bytes, *, mode: int) -> None:
    """Replace a file in one step, so that no reader finds half of it and no other user a key."""
    half = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as opened:
            opened.write(content)
        half.replace(file)
    finally:
        half.unlink(missing_ok=True)


def _key_file(settings: Settings, out: Terminal, *, may_write: bool) -> Path:
    """Return the file that holds the key; one is made of the key that is set or typed. None is a UsageError."""
    named, text = os.environ.get(API_KEY_FILE, "").strip(), os.environ.get(API_KEY, "").strip()
    file = Path(named).expanduser().absolute() if named else key_file()
    if named or not may_write:
        return file
    if settings.key is None and file.exists():
        say(f"the key is the one in {file}; set {API_KEY} to put another in its place.")
        return file
    if settings.key is None:
        if not sys.stdin.isatty():
            raise UsageError(f"set {API_KEY} to a key from {WHERE_KEYS_ARE_MADE}, or add --demo.")
        try:
            text = getpass.getpass(f"Key from {WHERE_KEYS_ARE_MADE} (it is not shown): ").strip()
            ApiKey(text)
        except EOFError:
            raise CommandError("no key was typed.") from None
        except KeyNotAccepted as error:
            raise UsageError(str(error)) from None
    try:
        if not file.exists() or file.read_bytes().strip() != text.encode():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write(file, f"{text}\n".encode(), mode=0o600)
            out.line(f"{file}: made; it holds the key, and nobody else may read it.")
    except OSError as error:
        raise CommandError(f"the key cannot be kept in {file}: {error.strerror}.") from None
    return file
