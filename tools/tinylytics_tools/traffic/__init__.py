"""Traffic of a site as answers to questions: summed up, and ranked by one dimension."""

from tinylytics_tools.traffic import rank, summarize

TOOLS = [*summarize.TOOLS, *rank.TOOLS]
