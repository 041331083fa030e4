"""Traffic of a site as answers to questions: summed up, ranked by one dimension, and why it changed."""

from tinylytics_tools.traffic import explain, ranking, summarize

TOOLS = [*summarize.TOOLS, *ranking.TOOLS, *explain.TOOLS]
