"""Changes one member of a JSON file as text, so that comments, order and formatting of all the rest stay."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_TRIVIA = re.compile(r"(?:[\s\ufeff]+|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
_SCALAR = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|[-+.\w]+')
_DEEPEST = 100


class NotJson(ValueError):
    """The text is not JSON, with or without comments; says at which line."""


@dataclass
class Node:
    """A value and where it stands; `keys` are the names of an object's `children`, in their order."""

    start: int
    end: int = 0
    value: Any = None
    keys: list[str] = field(default_factory=list[str])
    starts: list[int] = field(default_factory=list[int])
    """Where each child begins: an object's at its key."""
    children: list["Node"] = field(default_factory=list["Node"])


def read(text: str) -> Any:
    """Return the value of a JSON text that may have comments and closing commas; an empty one is an empty object.

    Raises:
        NotJson: it is something else.
    """
    return _parse(text).value


def put(text: str, path: Sequence[str], value: Any) -> str:
    """Return the text with a member set; objects on the way are made where there are none.

    A last step `id=NAME` is the object with that `id` in an array.

    Raises:
        NotJson: the text is no JSON object, or something on the way is of another kind.
    """
    root = _parse(text)
    if root.start == len(text):  # nothing, or comments alone
        text += "" if text.endswith(("\n", "\ufeff")) or not text else "\n"
        return text + json.dumps(_nested(path, value), indent=2, ensure_ascii=False) + "\n"
    node = _container(root, path[0], text)
    for depth, step in enumerate(path):
        index = _index(node, step)
        if index is None:
            return _inserted(text, node, step, _nested(path[depth + 1 :], value))
        child = node.children[index]
        if depth < len(path) - 1:
            node = _container(child, path[depth + 1], text)
            continue
        if child.value == value:
            return text
        return (
            text[: child.start] + _written(text, value, node, _indent_at(text, node.starts[index])) + text[child.end :]
        )
    return text


def drop(text: str, path: Sequence[str]) -> str:
    """Return the text without a member; as it is where there is none.

    Raises:
        NotJson: the text is not JSON.
    """
    node = _parse(text)
    for step in path[:-1]:
        index = _index(node, step)
        if index is None:
            return text
        node = node.children[index]
    index = _index(node, path[-1])
    if index is None:
        return text
    begin, end = _before(text, node, index), node.children[index].end
    comma = _comma_after(text, end)
    if index == len(node.children) - 1:
        if index == 0:
            closing = node.end - 1
            inside = text[node.start + 1 : begin] + text[comma or end : closing]
            return text[: node.start + 1] + ("" if not inside.strip() else inside) + text[closing:]
        previous = _comma_after(text, node.children[index - 1].end) if comma is None else None
        if previous is not None:
            return text[: previous - 1] + text[previous:begin] + text[end:]
    return text[:begin] + text[comma or end :]


def _parse(text: str) -> Node:
    start = _skip(text, 0)
    if start == len(text):
        return Node(start, start, {})
    node = _value(text, start, 0)
    if _skip(text, node.end) != len(text):
        raise _error(text, node.end)
    return node


def _value(text: str, at: int, depth: int) -> Node:
    opening = text[at : at + 1]
    if opening in ("{", "[") and depth < _DEEPEST:
        return _members(text, at, depth, is_object=opening == "{")
    match = _SCALAR.match(text, at)
    try:
        return Node(at, match.end(), json.loads(match[0])) if match else _fail(text, at)
    except ValueError:
        raise _error(text, at) from None


def _members(text: str, start: int, depth: int, *, is_object: bool) -> Node:
    node = Node(start)
    at = _skip(text, start + 1)
    while text[at : at + 1] != ("}" if is_object else "]"):
        node.starts.append(at)
        if is_object:
            key = _value(text, at, _DEEPEST)
            colon = _skip(text, key.end)
            if not isinstance(key.value, str) or text[colon : colon + 1] != ":":
                raise _error(text, at)
            node.keys.append(key.value)
            at = _skip(text, colon + 1)
        child = _value(text, at, depth + 1)
        node.children.append(child)
        at = _skip(text, child.end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] not in ("}", "]"):
            raise _error(text, at)
    node.end = at + 1
    values = [child.value for child in node.children]
    node.value = dict(zip(node.keys, values, strict=True)) if is_object else values
    return node


def _skip(text: str, at: int) -> int:
    """Return where the next thing begins that is neither blank nor comment."""
    match = _TRIVIA.match(text, at)
    return match.end() if match else at


def _error(text: str, at: int) -> NotJson:
    return NotJson(f"it is not JSON at line {text.count(chr(10), 0, at) + 1}")


def _fail(text: str, at: int) -> Node:
    raise _error(text, at)


def _container(node: Node, step: str, text: str) -> Node:
    if not isinstance(node.value, list if step.startswith("id=") else dict):
        raise NotJson(f"at line {text.count(chr(10), 0, node.start) + 1} stands something of another kind")
    return node


def _index(node: Node, step: str) -> int | None:
    if step.startswith("id="):
        ids = [(child.keys, [each.value for each in child.children]) for child in node.children]
        found = [
            index for index, (keys, values) in enumerate(ids) if ("id", step[3:]) in zip(keys, values, strict=False)
        ]
    else:
        found = [index for index, key in enumerate(node.keys) if key == step]
    return found[-1] if found else None  # of a key that stands twice the last counts


def _nested(path: Sequence[str], value: Any) -> Any:
    for step in reversed(path):
        value = [value] if step.startswith("id=") else {step: value}
    return value


def _inserted(text: str, node: Node, step: str, value: Any) -> str:
    """Return the text with a new last member, behind all comments of the one before it."""
    closing, line = node.end - 1, _newline(text)
    end = node.children[-1].end if node.children else node.start + 1
    comma = _comma_after(text, end) if node.children else None
    begin = comma or end
    last = begin + len(text[begin:closing].rstrip())  # the end of the last comment, if any
    key = "" if step.startswith("id=") else f"{json.dumps(step)}: "
    if _is_flat(text, node):
        added = f" {key}{_written(text, value, node, '')}"
    else:
        indent = _indent_at(text, node.starts[0]) if node.children else _indent_at(text, node.start) + _unit(text)
        added = f"{line}{indent}{key}{_written(text, value, node, indent)}"
    if comma is not None:
        added += ","  # closing commas are the style of this file
    elif node.children:
        return f"{text[:end]},{text[end:last]}{added}{text[last:]}"
    elif "\n" not in text[last:closing]:
        added += line + _indent_at(text, node.start)
    return text[:last] + added + text[last:]


def _is_flat(text: str, node: Node) -> bool:
    return bool(node.children) and "\n" not in text[node.start : node.end]


def _before(text: str, node: Node, index: int) -> int:
    """Return the end of what stands before a child: a bracket, a comma or a comment."""
    return len(text[: node.starts[index]].rstrip())


def _comma_after(text: str, end: int) -> int | None:
    at = _skip(text, end)
    return at + 1 if text[at : at + 1] == "," else None


def _written(text: str, value: Any, inside: Node, indent: str) -> str:
    if _is_flat(text, inside):
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
