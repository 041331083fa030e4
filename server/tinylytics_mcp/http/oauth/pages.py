"""The pages that people see: plain HTML without scripts, in which whatever a client says is text."""

import base64
import functools
import hashlib
from html import escape
from importlib import resources
from string import Template

from starlette.responses import HTMLResponse
from tinylytics_tools.access import WHERE_KEYS_ARE_MADE

from tinylytics_mcp.http.oauth.clients import OAuthClient, destination
from tinylytics_mcp.http.oauth.settings import OAuthSettings

UNVERIFIED = (
    "Anybody can use any name: nobody has checked this one. Go on only if you have just begun this yourself and know "
    "the address above."
)
ON_THIS_DEVICE = "That is a program on the device that you use now: go on only if you have just started it."


def page(title: str, body: str, *, status: int = 200, head: str = "") -> HTMLResponse:
    """Return a page; `body` and `head` are markup, `title` is text."""
    style = _part("page.css").template
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    headers = {
        "cache-control": "no-store",
        "content-security-policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'",
        "referrer-policy": "same-origin",  # none at all would make the form's own Origin null, which is refused
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    text = _part("page.html").substitute(title=escape(title), head=head, style=style, body=body)
    return HTMLResponse(text, status_code=status, headers=headers)


def told(title: str, *words: str, status: int = 400) -> HTMLResponse:
    """Return a page that tells something, as text."""
    return page(title, "".join(f"<p>{escape(word)}</p>" for word in words), status=status)


def consent(
    settings: OAuthSettings,
    client: OAuthClient,
    redirect: str,
    ticket: str,
    *,
    may_write: bool,
    writes: bool = False,
    problem: str = "",
    status: int = 200,
) -> HTMLResponse:
    """Return the page that asks whether a client may connect, for what, and with which key; `writes`: what is chosen,
    `may_write`: whether it can be."""
    host, is_here = destination(redirect)
    name = escape(client.name)
    warning = " ".join(["" if client.is_known else UNVERIFIED, ON_THIS_DEVICE if is_here else ""]).strip()
    body = _part("consent.html").substitute(
        problem=f'<p class="warn" role="alert">{escape(problem)}</p>\n' if problem else "",
        who=f"<strong>{name}</strong> wants" if client.is_known else f"An app that calls itself “{name}” wants",
        host=escape(host),
        warning=f'<p class="warn">{escape(warning)}</p>\n' if warning else "",
        ticket=escape(ticket),
        read="" if writes else " checked",
        write=_part("write.html").substitute(chosen=" checked" if writes else "") if may_write else "",
        made=escape(WHERE_KEYS_ARE_MADE),
        server=escape(settings.host),
    )
    return page(f"Connect {client.name} to Tinylytics?", body, status=status)


def leaving(title: str, redirect: str, address: str) -> HTMLResponse:
    """Return a page that goes on to a client by itself: some hosts do not follow a redirect that answers a form."""
    host, _ = destination(redirect)
    target = escape(address)
    body = f'<p>You are being sent on to {escape(host)}.</p>\n<p><a class="go" href="{target}">Go on</a></p>'
    return page(title, body, head=f'<meta http-equiv="refresh" content="0; url={target}">\n')


def home(settings: OAuthSettings) -> HTMLResponse:
    """Return the page about this server."""
    body = _part("home.html").substitute(resource=escape(settings.resource), made=escape(WHERE_KEYS_ARE_MADE))
    return page("Tinylytics for your assistant", body)


@functools.cache
def _part(name: str) -> Template:
    return Template(resources.files("tinylytics_mcp.http.oauth").joinpath("page", name).read_text("utf-8"))
