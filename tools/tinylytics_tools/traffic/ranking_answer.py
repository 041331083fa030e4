"""What `rank_traffic` answers."""

from tinylytics_tools.answer import Table
from tinylytics_tools.dimensions import Dimension
from tinylytics_tools.scope import WindowAnswer


class TrafficRanking(WindowAnswer):
    """Hits by one dimension. `hits` counts all that is ranked, `names` how many different ones there are; `matching_`
    is of the names that were searched for alone.

    `change` is `compared_hits` minus `earlier_hits`, both of finished days only: `compared` names them. In a table
    `hits` stands for `compared_hits` where today is not among the days. An `estimate` has whole per cents and no hits.
    """

    from_visitors = ("name", "filters", "excluded")
    may_not_apply = (
        *("hits_today", "estimate", "rose", "fell", "new", "gone", "excluded", "excluded_names", "excluded_hits"),
        *("matching_names", "matching_hits", "matching_percent", "matching_compared_hits"),
        *("matching_earlier_hits", "matching_change", "matching_change_percent"),
    )

    dimension: Dimension
    hits: int
    names: int | None
    hits_today: int | None = None
    excluded: str | None = None
    excluded_names: int | None = None
    excluded_hits: int | None = None
    matching_names: int | None = None
    matching_hits: int | None = None
    matching_percent: float | None = None
    matching_compared_hits: int | None = None
    matching_earlier_hits: int | None = None
    matching_change: int | None = None
    matching_change_percent: float | None = None
    estimate: str | None = None
    compared_hits: int | None
    earlier_hits: int | None
    change: int | None
    change_percent: float | None
    compared: str | None
    ranking: Table | None
    rose: Table | None = None
    fell: Table | None = None
    new: Table | None = None
    gone: Table | None = None
