"""Lists and rankings that never lose a count, however few rows are shown."""

from hypothesis import given
from hypothesis import strategies as st
from tinylytics_tools.answer import OTHER, Table
from tinylytics_tools.tables import change, is_small, listing, percent, ranking

COUNTS = st.lists(st.integers(0, 10_000), max_size=60)


def named(counts: list[int]) -> list[tuple[str, int]]:
    """Rows as a ranking takes them, most first; one of them is called `other`."""
    rows = [(f"/p{n}", count) for n, count in enumerate(sorted(counts, reverse=True))]
    return [(OTHER, rows[0][1]), *rows[1:]] if rows else rows


@given(COUNTS, st.integers(1, 50), st.integers(0, 70), st.integers(0, 500), st.integers(0, 500))
def test_shown_rows_the_other_row_and_what_is_told_apart_add_up_to_the_total(
    counts: list[int], limit: int, offset: int, rest: int, apart: int
) -> None:
    total = sum(counts) + rest + apart
    table = ranking(["path", "hits", "percent"], named(counts), total=total, limit=limit, offset=offset, apart=apart)
    if table.rows:
        assert sum(int(row[1] or 0) for row in table.rows) + apart == total
    assert table.of == len(counts)
    assert table.listed == max(0, min(limit, len(counts) - offset))


@given(COUNTS, st.integers(1, 50))
def test_a_ranking_stays_true_while_it_is_made_shorter(counts: list[int], limit: int) -> None:
    table: Table | None = ranking(["path", "hits", "percent"], named(counts), total=sum(counts), limit=limit)
    lengths: list[int] = []
    while table is not None:
        assert sum(int(row[1] or 0) for row in table.rows) == (sum(counts) if table.listed else 0)
        lengths.append(table.listed)
        table = table.shorter()
    assert lengths == list(range(lengths[0], -1, -1))


@given(COUNTS, st.integers(1, 50), st.integers(1, 500))
def test_a_ranking_of_which_nothing_is_shown_is_not_all_other(counts: list[int], limit: int, rest: int) -> None:
    total = sum(counts) + rest
    table = ranking(["path", "hits", "percent"], named(counts), total=total, limit=limit, offset=len(counts))
    assert (table.rows, table.of) == ([], len(counts))


@given(st.integers(0, 60), st.integers(1, 50), st.integers(0, 70))
def test_going_on_by_the_offset_that_a_list_names_reads_every_row_once(length: int, limit: int, start: int) -> None:
    rows = [[n] for n in range(length)]
    read: list[object] = []
    offset: int | None = start
    while offset is not None:
        table = listing(["n"], rows, limit=limit, offset=offset)
        read += [row[0] for row in table.rows]
        offset = table.next_offset
    assert read == list(range(start, length))


def test_a_part_of_a_list_knows_how_long_the_list_is() -> None:
    table = listing(["n"], [[5], [6]], limit=2, offset=5, of=9)
    assert (table.rows, table.of, table.next_offset) == ([[5], [6]], 9, 7)
    shorter = table.shorter()
    assert shorter is not None
    assert (shorter.rows, shorter.of, shorter.next_offset) == ([[5]], 9, 6)


def test_there_is_no_per_cent_of_nothing_or_of_what_is_not_known() -> None:
    assert percent(1, 0) is None
    assert percent(None, 5) is None
    assert percent(1, 3) == 33.3
    assert change(5, 0) == (5, None)
    assert change(None, 3) == (None, None)
    assert change(28, 30) == (-2, -6.7)


def test_per_cents_of_fewer_than_thirty_are_small_numbers() -> None:
    assert is_small(29, 500)
    assert not is_small(30, None)
