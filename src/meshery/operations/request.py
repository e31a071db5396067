"""The platform of a request, for every room's routes.

async def list_things(platform: PlatformDep) -> Response: ...
"""

from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from meshery.operations.platform import Platform


def platform_of(connection: HTTPConnection) -> Platform:
    """The platform that the server put on the application (`app.state.platform`)."""
    platform: Platform = connection.app.state.platform
    return platform


PlatformDep = Annotated[Platform, Depends(platform_of)]
