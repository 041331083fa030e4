"""The pages that people see: plain HTML without scripts, in which whatever a client says is text."""

import base64
import functools
import hashlib
from html import escape
from importlib import resources
from string import Template

from starlette.responses import HTMLResponse

from tinylytics_mcp.http.oauth.clients import destination


def page(title: str, body: str, *, status: int = 200, head: str = "") -> HTMLResponse:
    """Return a page; `body` and `head` are markup, `title` is text."""
    style = part("page.css").template
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    headers = {
        "cache-control": "no-store",
        "content-security-policy": f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'",
        "referrer-policy": "same-origin",  # none at all would make the form's own Origin null, which is refused
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }
    text = part("page.html").substitute(title=escape(title), head=head, style=style, body=body)
    return HTMLResponse(text, status_code=status, headers=headers)


def told(title: str, *words: str, status: int = 400) -> HTMLResponse:
    """Return a page that tells something, as text."""
    return page(title, "".join(f"<p>{escape(word)}</p>" for word in words), status=status)


def leaving(title: str, address: str) -> HTMLResponse:
    """Return a page that goes on to a client by itself: some hosts do not follow a redirect that answers a form."""
    host, target = escape(destination(address)[0]), escape(address)
    body = f'<p>You are being sent on to {host}.</p>\n<p><a class="go" href="{target}">Go on</a></p>'
    return page(title, body, head=f'<meta http-equiv="refresh" content="0; url={target}">\n')


@functools.cache
def part(name: str) -> Template:
    """Return a file of this package's pages."""
    return Template(resources.files("tinylytics_mcp.http.oauth").joinpath("page", name).read_text("utf-8"))
