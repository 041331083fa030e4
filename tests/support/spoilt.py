"""The made-up Tinylytics with every text in its replies that a visitor could have written replaced."""

import itertools
import json
from collections.abc import Iterable

import httpx2 as httpx
from support.client import Json, network_of
from tinylytics_mcp.fake_api import FakeApi

KEPT = (
    *("_at", "_date", "date", "status", "access_type", "type", "issue_type", "period", "time_zone", "uid"),
    *("$ref", "in", "first_hit"),
)
"""Endings of keys whose text is a date or a word of the API's own, or by which things are named."""


class SpoiltService(httpx.AsyncBaseTransport):
    """Answers as the API does, with each text replaced by the next of `texts`; `more` stands in every object."""

    def __init__(self, api: FakeApi, texts: Iterable[str], *, more: dict[str, Json] | None = None) -> None:
        self.api = api
        self.replaced = 0
        self._inner = network_of(api)
        self._texts = itertools.cycle(texts)
        self._more = more or {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer, spoilt."""
        response = await self._inner.handle_async_request(request)
        await response.aread()
        if not response.content:
            return response
        body = json.dumps(self._spoil(response.json(), "")).encode()  # with lone surrogates, which httpx refuses
        headers = {"content-type": "application/json"}
        return httpx.Response(response.status_code, content=body, headers=headers, request=request)

    def _spoil(self, value: Json, key: str) -> Json:
        if isinstance(value, dict):
            return {**{name: self._spoil(part, name) for name, part in value.items()}, **self._more}
        if isinstance(value, list):
            return [self._spoil(part, key) for part in value]
        if isinstance(value, str) and not key.endswith(KEPT):
            self.replaced += 1
            return next(self._texts)
        return value
