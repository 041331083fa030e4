"""Hits written: one, or many at once."""

from tinylytics_tools.hit_writes import batch, single

TOOLS = [*single.TOOLS, *batch.TOOLS]
