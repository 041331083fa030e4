"""Sorts referring hosts into channels by a short table of known hosts.

No maintained list that is on PyPI knows AI assistants and does without a download at run time, so the table is ours. A
host stands for its subdomains too, and the longest name counts: `gemini.google.com` is no search. What is not in the
table is another site: a wrong guess would hide a source.
"""

from typing import Final, Literal

from tinylytics_tools import sanitize

Channel = Literal["direct", "internal", "search", "social", "AI assistants", "feeds and newsletters", "other sites"]

_HOSTS: Final[dict[Channel, str]] = {
    "search": """
        bing.com duckduckgo.com kagi.com ecosia.org startpage.com qwant.com search.brave.com mojeek.com swisscows.com
        yahoo.com search.aol.com ask.com baidu.com so.com sogou.com naver.com search.daum.net search.seznam.cz yandex.ru
        ya.ru marginalia-search.com marginalia.nu metager.org metager.de presearch.com dogpile.com petalsearch.com
        search.yahoo.co.jp coccoc.com lite.qwant.com searchapp.google com.google.android.googlequicksearchbox
        """,
    "social": """
        t.co x.com twitter.com facebook.com fb.com instagram.com threads.net threads.com linkedin.com lnkd.in pin.it
        reddit.com redd.it news.ycombinator.com lobste.rs tildes.net bsky.app micro.blog tumblr.com youtube.com youtu.be
        vk.com ok.ru weibo.com zhihu.com quora.com discord.com t.me telegram.org whatsapp.com snapchat.com tiktok.com
        twitch.tv xing.com b.hatena.ne.jp slashdot.org digg.com lemmy.world lemmy.ml social fosstodon.org hachyderm.io
        mas.to infosec.exchange mathstodon.xyz techhub.social mastodon.online mastodon.world mastodon.art mstdn.jp
        mstdn.io troet.cafe ruby.social phpc.social merveilles.town tilde.zone masto.ai com.reddit.frontpage
        org.telegram.messenger com.linkedin.android com.twitter.android com.facebook.katana
        """,
    "AI assistants": """
        chatgpt.com chat.openai.com openai.com claude.ai perplexity.ai gemini.google.com bard.google.com
        notebooklm.google.com aistudio.google.com copilot.microsoft.com copilot.com copilot.cloud.microsoft
        m365.cloud.microsoft edgeservices.bing.com grok.com x.ai meta.ai chat.mistral.ai deepseek.com chat.qwen.ai
        kimi.com kimi.ai kimi.moonshot.cn doubao.com yiyan.baidu.com chat.baidu.com tongyi.com chatglm.cn z.ai poe.com
        you.com phind.com duck.ai pi.ai character.ai andisearch.com iask.ai felo.ai genspark.ai komo.ai t3.chat
        lmarena.ai manus.im com.openai.chatgpt ai.perplexity.app.android
        """,
    "feeds and newsletters": """
        feedly.com inoreader.com newsblur.com feedbin.com theoldreader.com netvibes.com bazqux.com miniflux.app
        feeder.co feedreader.com readwise.io getpocket.com instapaper.com matter.com flipboard.com substack.com
        buttondown.com buttondown.email mailchi.mp list-manage.com campaign-archive.com createsend.com beehiiv.com
        convertkit.com kit.com ghost.io kill-the-newsletter.com mail.google.com mail.yahoo.com mail.aol.com mail.ru
        outlook.live.com outlook.office.com outlook.office365.com mail.proton.me fastmail.com app.hey.com mail.zoho.com
        mail.superhuman.com gmx.net gmx.de web.de com.google.android.gm com.microsoft.office.outlook
        """,
}
"""Registered names where all of a site is of the channel. Names of Android apps are hosts of `android-app:`."""
_IN_MANY_COUNTRIES: Final[dict[str, Channel]] = {"google": "search", "yandex": "search", "pinterest": "social"}
"""Hosts of one name under every country's domain (`google.co.uk`); their subdomains are other services."""

_CHANNELS: Final[dict[str, Channel]] = {host: channel for channel, hosts in _HOSTS.items() for host in hosts.split()}
_LONGEST_COUNTRY: Final = 3


def channel(referrer: str | None, own: str = "") -> Channel:
    """Return the channel of a referrer; `own` is the host of the site itself, without `www.`."""
    host = sanitize.host(referrer)
    if host == sanitize.DIRECT:
        return "direct"
    if host == own:
        return "internal"
    labels = host.split(".")
    for start in range(len(labels)):
        if found := _CHANNELS.get(".".join(labels[start:])):
            return found
    name, *country = labels
    is_country = 0 < len(country) <= 2 and all(len(part) <= _LONGEST_COUNTRY for part in country)
    return _IN_MANY_COUNTRIES.get(name, "other sites") if is_country else "other sites"
