"""One member of a JSON file changes, and every other byte stays as it was."""

import json
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tinylytics_mcp.json_edit import NotJson, drop, put, read

HERE = ("servers", "ours")

plain = st.none() | st.booleans() | st.integers() | st.text(max_size=8)
values = st.recursive(plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner))
names = st.text(max_size=6).filter(lambda name: name not in HERE)
comments = st.sampled_from(["", " ", "\n", '// {"a": 1},\n', "/* ], */", "\t/* two\nlines */ ", "//\n\n"])


@st.composite
def documents(draw: st.DrawFn) -> str:
    """JSON with other members, written with any blanks and comments between its parts."""

    def written(value: Any) -> str:
        parts = [f"{key}{gap()}{written(part)}{gap()}" for key, part in children(value)]
        if isinstance(value, dict | list):
            opening, closing = "{}" if isinstance(value, dict) else "[]"
            comma = "," if parts and draw(st.booleans()) else ""
            return f"{opening}{gap()}{(',' + gap()).join(parts)}{comma}{gap()}{closing}"
        return json.dumps(value, ensure_ascii=draw(st.booleans()))

    def children(value: Any) -> list[tuple[str, Any]]:
        if isinstance(value, dict):
            return [(f"{json.dumps(key)}{gap()}:", part) for key, part in cast("dict[str, Any]", value).items()]
        return [("", part) for part in cast("list[Any]", value)] if isinstance(value, list) else []

    def gap() -> str:
        return draw(comments)

    servers = draw(st.dictionaries(names, values, min_size=1, max_size=3))
    document = {**draw(st.dictionaries(names, values, max_size=3)), "servers": servers}
    return gap() + written(document) + gap()


@given(text=documents(), value=values)
def test_what_is_put_in_is_read_and_taking_it_out_gives_the_same_bytes_again(text: str, value: Any) -> None:
    before = read(text)
    changed = put(text, HERE, value)
    assert read(changed) == {**before, "servers": {**before["servers"], "ours": value}}
    assert put(changed, HERE, value) == changed
    assert drop(changed, HERE) == text


@given(text=documents(), first=values, second=values)
def test_a_value_that_is_replaced_leaves_the_text_around_it(text: str, first: Any, second: Any) -> None:
    changed = put(put(text, HERE, first), HERE, second)
    assert read(changed)["servers"]["ours"] == second
    assert drop(changed, HERE) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", '{\n  "servers": {\n    "ours": 1\n  }\n}\n'),
        ("\ufeff", '\ufeff{\n  "servers": {\n    "ours": 1\n  }\n}\n'),
        ("// mine", '// mine\n{\n  "servers": {\n    "ours": 1\n  }\n}\n'),
        ("{}", '{\n  "servers": {\n    "ours": 1\n  }\n}'),
        ('{"a": 1}', '{"a": 1, "servers": {"ours": 1}}'),
        ('{\n\t"servers": {}\n}', '{\n\t"servers": {\n\t\t"ours": 1\n\t}\n}'),
        ('{\n "servers": { // none\n }\n}', '{\n "servers": { // none\n  "ours": 1\n }\n}'),
        ('{\r\n  "a": 1 // one\r\n}', '{\r\n  "a": 1, // one\r\n  "servers": {\r\n    "ours": 1\r\n  }\r\n}'),
        ('{\n  "a": 1,\n}', '{\n  "a": 1,\n  "servers": {\n    "ours": 1\n  },\n}'),
    ],
)
def test_the_style_of_a_file_is_kept(text: str, expected: str) -> None:
    assert put(text, HERE, 1) == expected


def test_of_an_array_the_object_with_the_id_is_meant() -> None:
    text = '{"inputs": [{"id": "a"}, 7]}'
    changed = put(text, ("inputs", "id=b"), {"id": "b"})
    assert changed == '{"inputs": [{"id": "a"}, 7, {"id": "b"}]}'
    assert put(changed, ("inputs", "id=b"), {"id": "b"}) == changed
    assert drop(changed, ("inputs", "id=a")) == '{"inputs": [ 7, {"id": "b"}]}'
    assert read(put("{}", ("inputs", "id=b"), {"id": "b"})) == {"inputs": [{"id": "b"}]}


@pytest.mark.parametrize(
    "text",
    ["{", '{"a" 1}', "[1", '{"a": 1} x', "{a: 1}", "'x'", '{"a": 1,,}', "{,}", '{"a": tru}', "[" * 200, '{"a": "\n"}'],
)
def test_what_is_not_json_is_refused_and_not_mended(text: str) -> None:
    with pytest.raises(NotJson, match="line 1"):
        put(text, HERE, 1)


@pytest.mark.parametrize("text", ["[]", "1", '{"servers": []}', '{"servers": "x"}'])
def test_something_of_another_kind_on_the_way_is_not_overwritten(text: str) -> None:
    with pytest.raises(NotJson, match="something else stands where"):
        put(text, HERE, 1)
