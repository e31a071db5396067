"""Who asks. The security layer names the caller once; routes only read the name.

async def create(actor: ActorDep) -> Response: ...
"""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection
from starlette.types import Scope

ACTOR_KEY = "meshery.actor"
ANONYMOUS = "anonymous"
LOCAL = "local"
"""The person whose home this is: whoever holds its token."""


def set_actor(scope: Scope, actor: str) -> None:
    """Name the caller of a request or socket."""
    scope[ACTOR_KEY] = actor


def actor_of(connection: HTTPConnection) -> str:
    """The caller's name; `anonymous` where no check was needed."""
    return str(connection.scope.get(ACTOR_KEY, ANONYMOUS))


ActorDep = Annotated[str, Depends(actor_of)]
