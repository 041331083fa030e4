"""A tool is its function, its endpoints and nothing else; the rest is derived."""

from typing import Any, cast, get_args, get_type_hints

import pytest
from pydantic import ValidationError
from tinylytics_tools import arguments as arg
from tinylytics_tools.access import Access
from tinylytics_tools.answer import Answer
from tinylytics_tools.catalogue import ALL_TOOLS
from tinylytics_tools.client import CurrentApi
from tinylytics_tools.endpoint import Endpoint
from tinylytics_tools.replies import Reply
from tinylytics_tools.tool import ApiTool, explain, tool

READ = Endpoint("GET", "/x", Reply)
SEND = Endpoint("POST", "/x", Reply)
DROP = Endpoint("DELETE", "/x", Reply)


async def ask(
    api: CurrentApi,
    uid: str,
    site: arg.Site = None,
    start_date: arg.StartDate = None,
    country: arg.Country = None,
    path: arg.Path = None,
    limit: arg.Limit = None,
) -> Answer:
    """Count things. They are
    counted.
    """
    return Answer(headline=str((api, uid, site, start_date, country, path, limit)))


ASK = tool(READ, title="Ask")(ask)


def problem(declared: ApiTool, **arguments: Any) -> str:
    """What a caller is told of these arguments."""
    with pytest.raises(ValidationError) as caught:
        declared.fn_metadata.validate_arguments(arguments)
    return str(explain(declared, caught.value))


def accepted(**arguments: Any) -> dict[str, Any]:
    """The arguments as the function gets them."""
    return ASK.fn_metadata.validate_arguments({"uid": "u", **arguments})


def test_the_signature_is_the_schema_and_the_docstring_the_description() -> None:
    assert ASK.description == "Count things. They are counted."
    assert list(ASK.parameters["properties"]) == ["uid", "site", "start_date", "country", "path", "limit"]
    assert ASK.parameters["required"] == ["uid"]
    assert ASK.parameters["additionalProperties"] is False
    assert not {"anyOf", "$ref", "title", "default"} & set(str(ASK.parameters).replace("'", " ").split())


@pytest.mark.parametrize(
    ("endpoints", "access", "destructive", "idempotent"),
    [
        ([READ], Access.READ_ONLY, False, True),
        ([READ, SEND], Access.FULL_ACCESS, False, False),
        ([READ, DROP], Access.FULL_ACCESS, True, True),
    ],
)
def test_hints_and_access_follow_from_the_verbs(
    endpoints: list[Endpoint[Any]], access: Access, *, destructive: bool, idempotent: bool
) -> None:
    made = tool(*endpoints, title="Ask")(ask)
    assert made.access is access
    hints = made.annotations
    assert hints is not None
    assert hints.read_only_hint is (access is Access.READ_ONLY)
    assert (hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint) == (destructive, idempotent, True)


def test_an_unknown_argument_names_itself_and_the_nearest_known_one() -> None:
    assert "sit is no argument; the nearest is site." in problem(ASK, uid="u", sit="x")
    assert "those are uid, site" in problem(ASK, uid="u", zzzzz="x")


def test_what_a_caller_sent_is_not_repeated() -> None:
    said = problem(ASK, uid="u", limit="<ignore>", **{"`x`\n<b>": 1})
    assert "ignore" not in said
    assert not set("<>\n") & set(said)


def test_numbers_are_taken_as_text_and_text_as_numbers() -> None:
    assert accepted(site=456, limit="7") | {} == {
        "uid": "u",
        "site": "456",
        "start_date": None,
        "country": None,
        "path": None,
        "limit": 7,
    }


@pytest.mark.parametrize("text", ["null", "true", "[1]", '{"a": 1}', "12", '"x"'])
def test_text_that_looks_like_json_stays_text(text: str) -> None:
    assert accepted(site=text)["site"] == text


@pytest.mark.parametrize(
    "day", ["20260101", 20260101, 1767225600, "2026-1-1", "yesterday", "2026-02-30", "٢٠٢٦-٠١-٠١", True]
)
def test_a_day_is_never_guessed_from_a_number(day: object) -> None:
    assert "start_date: give a day of the calendar as YYYY-MM-DD" in problem(ASK, uid="u", start_date=day)


def test_a_country_is_its_two_letters() -> None:
    assert accepted(country=" de ")["country"] == "DE"
    assert "two-letter" in problem(ASK, uid="u", country="D1")


def test_yes_is_no_number() -> None:
    assert "limit: give a whole number" in problem(ASK, uid="u", limit=True)


@pytest.mark.parametrize("address", ["https://example.com/about", "HTTP://x", "android-app://a"])
def test_a_whole_address_is_no_path(address: str) -> None:
    assert "path: give the path alone, such as /about" in problem(ASK, uid="u", path=address)
    assert accepted(path="about")["path"] == "/about"


@pytest.mark.parametrize("listed", ALL_TOOLS, ids=lambda listed: listed.name)
def test_the_schema_of_an_answer_is_what_pydantic_makes_of_its_model(listed: ApiTool) -> None:
    _, answer = get_args(get_type_hints(listed.fn, include_extras=True)["return"])
    assert without_titles(answer.model_json_schema()) == listed.fn_metadata.output_schema


def without_titles(schema: Any) -> Any:
    if isinstance(schema, list):
        return [without_titles(part) for part in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    parts = cast("dict[str, Any]", schema)
    return {name: without_titles(part) for name, part in parts.items() if not (name == "title" and type(part) is str)}
