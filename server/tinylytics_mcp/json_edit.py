"""Changes one member of a JSON file as text, so that comments, order and formatting of all the rest stay."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

_STRING = r'"(?:[^"\\]|\\.)*"'
_TRIVIA = re.compile(rf"({_STRING})|[\s\ufeff]+|//[^\n]*|/\*.*?\*/", re.DOTALL)
_CLOSING_COMMA = re.compile(rf"({_STRING}|[\w\]}}])(\s*),(?=\s*[\]}}])|{_STRING}", re.DOTALL)
_BLANKS = re.compile(r"\s*")


class NotJson(ValueError):
    """The text is not JSON, with or without comments; says at which line."""


@dataclass(frozen=True)
class _Member:
    """A member of an object (its name is the key) or of an array (`id=` and the `id` of the object that it is).

    An object's begins at its key.
    """

    name: str
    begin: int
    start: int
    end: int
    value: Any


class _Json:
    """A text, and what it holds; `bare` and `plain` have blanks for comments, so that all places are the same."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.bare = _TRIVIA.sub(lambda match: match[1] or re.sub(r"[^\n]", " ", match[0]), text)
        plain = _CLOSING_COMMA.sub(lambda match: match[0] if match[1] is None else f"{match[1]}{match[2]} ", self.bare)
        self.start = self.next(0)
        self._decoder, self._plain = json.JSONDecoder(), plain
        try:
            self.value: Any = json.loads(plain) if plain.strip() else {}
        except (ValueError, RecursionError) as error:
            raise NotJson(f"it is not JSON at line {getattr(error, 'lineno', 1)}") from None

    def next(self, at: int) -> int:
        """Return where the next thing begins that is neither blank nor comment."""
        match = _BLANKS.match(self.bare, at)
        return match.end() if match else at

    def value_at(self, at: int) -> tuple[Any, int]:
        """Return a value and where it ends."""
        return self._decoder.raw_decode(self._plain, at)

    def members(self, at: int) -> list[_Member]:
        """Return the members of what begins there; none of a text or a number."""
        found: list[_Member] = []
        if self.bare[at] not in "{[":
            return found
        is_object, at = self.bare[at] == "{", self.next(at + 1)
        while self.bare[at] not in "]}":
            begin, name = at, ""
            if is_object:
                name, end = self.value_at(at)
                at = self.next(self.next(end) + 1)  # behind the colon
            value, end = self.value_at(at)
            if not is_object and isinstance(value, dict):
                name = f"id={cast('dict[str, Any]', value).get('id')}"
            found.append(_Member(name, begin, at, end, value))
            at = self.next(self.comma_after(end) or end)
        return found

    def member(self, at: int, step: str) -> _Member | None:
        """Return the member that a step leads to; of a key that stands twice the last counts."""
        return next((each for each in reversed(self.members(at)) if each.name == step), None)

    def comma_after(self, end: int) -> int | None:
        """Return where a comma that follows ends."""
        at = self.next(end)
        return at + 1 if self.bare[at : at + 1] == "," else None

    def is_flat(self, at: int) -> bool:
        """Return whether an object or array has members and stands on one line."""
        return bool(self.members(at)) and "\n" not in self.text[at : self.value_at(at)[1]]


def read(text: str) -> Any:
    """Return the value of a JSON text that may have comments and closing commas; an empty one is an empty object."""
    return _Json(text).value


def put(text: str, path: Sequence[str], value: Any) -> str:
    """Return the text with a member set; objects on the way are made where there are none.

    A last step `id=NAME` is the object with that `id` in an array.

    Raises:
        NotJson: the text is no JSON object, or something on the way is of another kind.
    """
    document = _Json(text)
    if document.start == len(text):  # nothing, or comments alone
        text += "" if text.endswith(("\n", "\ufeff")) or not text else "\n"
        return text + json.dumps(_nested(path, value), indent=2, ensure_ascii=False) + "\n"
    inside, at = 0, document.start
    found: _Member | None = None
    for depth, step in enumerate(path):
        if text[at] != ("[" if step.startswith("id=") else "{"):
            kind = "a list" if step.startswith("id=") else "an object in braces"
            raise NotJson(f"at line {text.count(chr(10), 0, at) + 1} something else stands where {kind} belongs")
        found = document.member(at, step)
        if found is None:
            return _inserted(document, at, step, _nested(path[depth + 1 :], value))
        inside, at = at, found.start
    if found is None or found.value == value:
        return text
    written = _written(text, value, _indent_at(text, found.begin), is_flat=document.is_flat(inside))
    return text[: found.start] + written + text[found.end :]


def drop(text: str, path: Sequence[str]) -> str:
    """Return the text without a member; as it is where there is none."""
    document = _Json(text)
    inside, at = 0, document.start
    found: _Member | None = None
    for step in path:
        found = document.member(at, step) if at < len(text) else None
        if found is None:
            return text
        inside, at = at, found.start
    if found is None:
        return text
    siblings = document.members(inside)
    begin, end = len(text[: found.begin].rstrip()), found.end  # behind a bracket, a comma or a comment
    comma = document.comma_after(end)
    if siblings == [found]:
        closing = document.value_at(inside)[1] - 1
        between = text[inside + 1 : begin] + text[comma or end : closing]
        return text[: inside + 1] + (between if between.strip() else "") + text[closing:]
    if found == siblings[-1] and comma is None:
        previous = document.comma_after(siblings[-2].end) or begin
        return text[: previous - 1] + text[previous:begin] + text[end:]
    return text[:begin] + text[comma or end :]


def _nested(path: Sequence[str], value: Any) -> Any:
    for step in reversed(path):
        value = [value] if step.startswith("id=") else {step: value}
    return value


def _inserted(document: _Json, at: int, step: str, value: Any) -> str:
    """Return the text with a new last member, behind all comments of the one before it."""
    text, members, closing = document.text, document.members(at), document.value_at(at)[1] - 1
    end = members[-1].end if members else at + 1
    comma = document.comma_after(end) if members else None
    begin = comma or end
    last = begin + len(text[begin:closing].rstrip())  # the end of the last comment, if any
    key = "" if step.startswith("id=") else f"{json.dumps(step)}: "
    if document.is_flat(at):
        added = f" {key}{_written(text, value, '', is_flat=True)}"
    else:
        indent = _indent_at(text, members[0].begin) if members else _indent_at(text, at) + _unit(text)
        added = f"{_newline(text)}{indent}{key}{_written(text, value, indent, is_flat=False)}"
    if comma is not None:
        added += ","  # closing commas are the style of this file
    elif members:
        return f"{text[:end]},{text[end:last]}{added}{text[last:]}"
    elif "\n" not in text[last:closing]:
        added += _newline(text) + _indent_at(text, at)
    return text[:last] + added + text[last:]


def _written(text: str, value: Any, indent: str, *, is_flat: bool) -> str:
    if is_flat:
        return json.dumps(value, ensure_ascii=False)
    lines = json.dumps(value, indent=_unit(text), ensure_ascii=False).split("\n")
    return (_newline(text) + indent).join(lines)


def _indent_at(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 :]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    found = re.search(r"\n([ \t]+)[\"\[{]", text)
    return found[1] if found else "  "


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
