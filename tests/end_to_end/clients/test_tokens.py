"""The README's figures in tokens are counted, with the tokenizer that others publish theirs with."""

from support.readme import COUNTED, part_of
from support.tokens import counts


def test_the_tokenizer_counts_as_a_model_reads() -> None:
    assert counts(["", "hits", "hello world", "<|endoftext|>"]) == [0, 1, 2, 7]


def test_the_readme_prints_what_is_counted() -> None:
    assert part_of("costs") == COUNTED["costs"](), "run: uv run python tests/support/readme.py"
