"""A chart of an answer: one page that a host shows beside it, and that a report carries with its figures."""
