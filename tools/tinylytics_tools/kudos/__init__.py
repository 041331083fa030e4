"""Kudos, the likes of a site's pages: listed, created and deleted."""

from tinylytics_tools.kudos import creating, deleting, listing

TOOLS = [*listing.TOOLS, *creating.TOOLS, *deleting.TOOLS]
