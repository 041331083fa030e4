"""The pages that people see: plain HTML without scripts, in which whatever a client says is text."""

import base64
import hashlib
from html import escape
from string import Template

from starlette.responses import HTMLResponse
from tinylytics_tools.access import WHERE_KEYS_ARE_MADE

from tinylytics_mcp.http.oauth.clients import OAuthClient, destination
from tinylytics_mcp.http.oauth.settings import OAuthSettings

_STYLE = """
:root { color-scheme: light dark; --text: #1c1c22; --dim: #55555f; --page: #f6f6f8; --card: #fff; --line: #8a8a96;
  --mark: #2d4fc4; --on-mark: #fff; --warn: #8a2b06; --warn-page: #fdf0e8 }
@media (prefers-color-scheme: dark) { :root { --text: #ececf1; --dim: #b4b4c0; --page: #16161a; --card: #212127;
  --line: #80808c; --mark: #a9bcff; --on-mark: #10152b; --warn: #ffc7a6; --warn-page: #3a2418 } }
* { box-sizing: border-box }
body { margin: 0; padding: 1rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
main { max-width: 34rem; margin: 0 auto; padding: 1.25rem; background: var(--card); border-radius: .75rem }
h1 { font-size: 1.4rem; line-height: 1.25; margin: 0 0 .75rem }
h2 { font-size: 1.05rem; margin: 1.5rem 0 .25rem }
p, ul, ol { margin: .5rem 0 }
.host { font-size: 1.75rem; line-height: 1.2; font-weight: 700; margin: .25rem 0 .75rem }
.dim { color: var(--dim) }
.warn { padding: .5rem .75rem; border-left: .25rem solid; background: var(--warn-page); color: var(--warn) }
fieldset { margin: 1rem 0; padding: .25rem .75rem .75rem; border: 1px solid var(--line); border-radius: .5rem }
legend, .label { font-weight: 600 }
.choice { display: flex; gap: .6rem; padding: .4rem 0 }
.choice input { flex: none; width: 1.2rem; height: 1.2rem; margin: .15rem 0 0; accent-color: var(--mark) }
.key { display: block; width: 100%; padding: .6rem; margin-top: .25rem; font: inherit; color: inherit;
  background: var(--card); border: 1px solid var(--line); border-radius: .5rem }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1.25rem 0 .5rem }
button, .go { padding: .65rem 1.5rem; font: inherit; font-weight: 600; border: 1px solid var(--mark);
  border-radius: .5rem; background: var(--mark); color: var(--on-mark); cursor: pointer; text-decoration: none;
  display: inline-block }
button.other { background: none; color: var(--mark) }
a { color: var(--mark) }
a.go { color: var(--on-mark) }
:focus-visible { outline: 3px solid var(--mark); outline-offset: 2px }
code { font-size: .95em }
"""
UNVERIFIED = (
    "Anybody can use any name: nobody has checked this one. Go on only if you have just begun this yourself and know "
    "the address above."
)
ON_THIS_DEVICE = "That is a program on the device that you use now: go on only if you have just started it."
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "unsafe-none",
    "referrer-policy": "same-origin",  # none at all would make the form's own Origin null, which is refused
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>$title</title>
$head<style>$style</style>
</head>
<body>
<main>
<h1>$title</h1>
$body
</main>
</body>
</html>
""")
_CONSENT = Template("""$problem<p>$who</p>
<p class="dim">If you connect it, you and a pass to your figures are sent to</p>
<p class="host">$host</p>
$warning<form method="post" action="/authorize">
<input type="hidden" name="ticket" value="$ticket">
<fieldset>
<legend>What may it do?</legend>
<label class="choice"><input type="radio" name="scope" value="read"$read>
<span><strong>Read</strong>: traffic, pages, referrers, kudos, insights, uptime</span></label>
$write</fieldset>
<label class="label" for="key">Your Tinylytics API key</label>
<input class="key" id="key" name="key" type="password" autocomplete="off" autocapitalize="none" spellcheck="false"
 required aria-describedby="hint">
<p class="dim" id="hint">Make one under $made. With a key that begins with <code>tly-ro-</code> it can only read.</p>
<div class="buttons">
<button name="answer" value="connect">Connect</button>
<button class="other" name="answer" value="cancel" formnovalidate>Cancel</button>
</div>
</form>
<p class="dim">The app does not get your key. This server, $server, keeps it encrypted, and only the app's pass opens
it. To end this, disconnect it in the app, or revoke the key at Tinylytics.</p>
""")
_WRITE = Template("""<label class="choice"><input type="radio" name="scope" value="write"$chosen>
<span><strong>Read and write</strong>: also record hits, and add and delete kudos; needs a key that begins with
<code>tly-fa-</code></span></label>
""")
_HOME = Template("""<p>This server lets an assistant answer questions about the traffic of your websites on
<a href="https://tinylytics.app">Tinylytics</a>. It speaks the Model Context Protocol. Its address is</p>
<p class="host">$resource</p>
<h2>Connect</h2>
<ul>
<li><strong>Claude</strong> (web, desktop, phone): Settings, Connectors, Add custom connector; paste the address.</li>
<li><strong>ChatGPT</strong>: Settings, Apps, Advanced settings, switch Developer mode on; then Create, paste the
address, and choose OAuth.</li>
<li><strong>Claude Code</strong>: <code>claude mcp add --transport http tinylytics $resource</code>, then
<code>/mcp</code>.</li>
<li><strong>Codex</strong>: <code>codex mcp add tinylytics --url $resource</code>, then
<code>codex mcp login tinylytics</code>.</li>
<li><strong>VS Code</strong>: the command MCP: Add Server, HTTP; paste the address.</li>
<li><strong>Cursor</strong> and others: a server with the URL above.</li>
</ul>
<p>A page of this server opens, and asks for your Tinylytics API key ($made) and what the app may do.</p>
<h2>What is kept</h2>
<ul>
<li>Your key, encrypted so that only the pass that the app holds opens it: whoever copies this server's files, or knows
its secret, cannot read it.</li>
<li>The name of the app, the number of your Tinylytics account, the day, and what you allowed; and of writes that you
ask for, what was written and what came of it.</li>
</ul>
<h2>What is not kept</h2>
<p>Your questions, and the answers: figures stay in memory for as long as they are fresh.</p>
<h2>End it</h2>
<p>Disconnect it in the app, or revoke the key at Tinylytics: then the next question ends it. It also ends by itself
when it was not used for half a year.</p>
""")


def page(title: str, body: str, *, status: int = 200, head: str = "") -> HTMLResponse:
    """Return a page; `body` and `head` are markup, `title` is text."""
    text = _PAGE.substitute(title=escape(title), head=head, style=_STYLE, body=body)
    return HTMLResponse(text, status_code=status, headers=_HEADERS)


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
    chosen: str,
    problem: str = "",
    status: int = 200,
) -> HTMLResponse:
    """Return the page that asks whether a client may connect, for what, and with which key."""
    host, is_here = destination(redirect)
    name = escape(client.name)
    who = (
        f"<strong>{name}</strong> wants to connect."
        if client.is_known
        else f"An app that calls itself “{name}” wants to connect."
    )
    warning = "" if client.is_known else UNVERIFIED
    if is_here:
        warning = f"{warning} {ON_THIS_DEVICE}"
    body = _CONSENT.substitute(
        problem=f'<p class="warn" role="alert">{escape(problem)}</p>\n' if problem else "",
        who=who,
        host=escape(host),
        warning=f'<p class="warn">{escape(warning.strip())}</p>\n' if warning else "",
        ticket=escape(ticket),
        read=_checked(chosen != "write"),
        write=_WRITE.substitute(chosen=_checked(chosen == "write")) if may_write else "",
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
    body = _HOME.substitute(resource=escape(settings.resource), made=escape(WHERE_KEYS_ARE_MADE))
    return page("Tinylytics for your assistant", body)


def _checked(is_checked: bool) -> str:  # noqa: FBT001 - it is what is shown
    return " checked" if is_checked else ""
