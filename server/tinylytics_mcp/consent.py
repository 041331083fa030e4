"""What a client answers when the server asks whether to go on."""

from mcp.types import ElicitRequestFormParams, ElicitRequestParams, ElicitResult


def consent(asked: ElicitRequestParams, *, agreed: bool) -> ElicitResult:
    """The form with every box of it ticked, or a refusal."""
    if not agreed or not isinstance(asked, ElicitRequestFormParams):
        return ElicitResult(action="decline")
    boxes = [
        name for name, kind in asked.requested_schema.get("properties", {}).items() if kind.get("type") == "boolean"
    ]
    return ElicitResult(action="accept", content=dict.fromkeys(boxes, True))
