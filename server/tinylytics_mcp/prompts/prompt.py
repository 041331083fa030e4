"""Makes a prompt out of a function: the SDK's own `Prompt`, whose arguments are checked before it is filled in."""

import inspect
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, cast, get_args, get_type_hints

from mcp import MCPError
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.prompts.base import Message, Prompt, PromptArgument, UserMessage
from mcp.types import INVALID_PARAMS
from pydantic import Field
from tinylytics_tools.catalogue import tools_for
from tinylytics_tools.client import Client
from tinylytics_tools.errors import InvalidArgument

from tinylytics_mcp.prompts.arguments import Argument
from tinylytics_mcp.prompts.plan import Plan


class Guide(Prompt):
    """A prompt that is filled in without a call; what it takes is known by name."""

    takes: Mapping[str, Argument] = Field(exclude=True)

    async def render(self, arguments: dict[str, Any] | None, context: Context[Any, Any]) -> list[Message]:
        """The text as one message of the user.

        Raises:
            MCPError: an argument is unknown, missing or cannot be used; the text names it and what it takes.
        """
        account: Client = context.request_context.lifespan_context
        try:
            plan = cast("Plan", self.fn(**self._read(arguments or {}, account)))
        except InvalidArgument as error:
            raise MCPError(code=INVALID_PARAMS, message=str(error)) from None
        return [UserMessage(plan.text({tool.name for tool in tools_for(account.access)}))]

    def _read(self, arguments: Mapping[str, str], account: Client) -> dict[str, object]:
        """The arguments as the plan takes them; a blank one is one that was left out, as hosts send them."""
        unknown = set(arguments) - set(self.takes)
        if unknown:
            raise InvalidArgument(f"{self.name} takes no such argument. It takes: {', '.join(self.takes)}.")
        given = {name: text.strip() for name, text in arguments.items() if text.strip()}
        if missing := [a.name for a in self.arguments or [] if a.required and a.name not in given]:
            raise InvalidArgument(f"{missing[0]} is required: {self.takes[missing[0]].description}.")
        ahead = _FIRST_ZONE if account.preferences.time_zone == "user" else timedelta()
        today = (account.clock() + ahead).date()
        return {name: self.takes[name].read(text, today) for name, text in given.items()}


_FIRST_ZONE = timedelta(hours=14)
"""The account's zone is not named by the API (field notes 16); nowhere does a day begin earlier before UTC's."""


def prompt(*, title: str) -> Callable[[Callable[..., Plan]], Guide]:
    """Declare a prompt: arguments are the signature, the description is the docstring, the text is the plan's."""

    def declare(function: Callable[..., Plan]) -> Guide:
        hints = get_type_hints(function, include_extras=True)
        parameters = inspect.signature(function).parameters.values()
        takes = {
            p.name: next(part for part in get_args(hints[p.name]) if isinstance(part, Argument)) for p in parameters
        }
        return Guide(
            name=function.__name__,
            title=title,
            description=" ".join(inspect.cleandoc(function.__doc__ or "").split()),
            arguments=[
                PromptArgument(
                    name=p.name, description=takes[p.name].description, required=p.default is inspect.Parameter.empty
                )
                for p in parameters
            ],
            fn=cast("Any", function),
            context_kwarg=None,
            takes=takes,
        )

    return declare
