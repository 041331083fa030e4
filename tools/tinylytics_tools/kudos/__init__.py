"""Kudos, the likes of a site's pages: listed, created and deleted."""

from tinylytics_tools.kudos import create, delete, listing

TOOLS = [*listing.TOOLS, *create.TOOLS, *delete.TOOLS]
