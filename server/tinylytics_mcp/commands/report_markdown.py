"""Writes answers of tools as one Markdown document in which no value is markup."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from tinylytics_tools.answer import UNKNOWN
from tinylytics_tools.scope import WindowAnswer

from tinylytics_mcp.rendering import grouped

_FRAME = frozenset(WindowAnswer.model_fields)
"""Fields of every answer: they are in the head and the notes, not among the facts."""
_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|~@$&!]|:(?=//)|(?<=www)\.")


def markdown(title: str, answers: Sequence[Mapping[str, Any] | str]) -> str:
    """Return the document. An answer is the structured half of a result, or the text of an error."""
    sections = [
        f"## No figures\n\n{escaped(answer)}" if isinstance(answer, str) else _section(answer) for answer in answers
    ]
    return "\n\n".join([f"# {escaped(title)}", *sections]) + "\n"


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is, also in a table cell and where bare addresses become links."""
    return _MARKUP.sub(lambda match: f"\\{match[0]}", " ".join(text.split()))


def _section(answer: Mapping[str, Any]) -> str:
    fields = {name: value for name, value in answer.items() if name not in _FRAME}
    parts = [f"## {escaped(grouped(answer['headline'], fields))}"]
    if not answer["complete"]:
        parts.append("Not everything was read: see the notes.")
    tables: dict[str, dict[str, Any]] = {name: value for name, value in fields.items() if isinstance(value, dict)}
    parts.append("\n".join(f"- {_title(name)}: {_cell(value)}" for name, value in fields.items() if name not in tables))
    parts += [_table(name, table) for name, table in tables.items()]
    notes: list[str] = [*answer["notes"], *filter(None, [answer["visitor_data"]])]
    parts.append("\n".join(f"- {escaped(grouped(note))}" for note in notes))
    return "\n\n".join(filter(None, parts))


def _table(name: str, table: Mapping[str, Any]) -> str:
    head = f"### {_title(name)}\n\n"
    if not table["rows"]:
        return f"{head}None."
    columns: list[str] = table["columns"]
    align = [
        "---:" if any(isinstance(row[i], int | float) for row in table["rows"]) else "---" for i in range(len(columns))
    ]
    rows = [[_title(column) for column in columns], align, *([_cell(cell) for cell in row] for row in table["rows"])]
    shown = len(table["rows"]) - (table["rows"][-1][0] == "other")
    more = "" if shown >= table["of"] else f"\n\n{shown} of {table['of']}."
    return head + "\n".join(f"| {' | '.join(row)} |" for row in rows) + more


def _title(name: str) -> str:
    return escaped(name.replace("_", " ").capitalize())


def _cell(value: Any) -> str:
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,}"
    if isinstance(value, list):
        return escaped(", ".join(cast("list[str]", value))) or "none"
    return escaped(str(value))
