"""What the server's own routes find at the application: settings with origins, logins, parts."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from meshery.core.settings import LoadedSettings
from meshery.server.logins import Logins
from meshery.server.parts import Parts


@dataclass(frozen=True)
class ServerState:
    """One server's own things; the platform stands beside it as `app.state.platform`."""

    loaded: LoadedSettings
    logins: Logins
    parts: Parts
    url: str


def _state(request: Request) -> ServerState:
    state: ServerState = request.app.state.server
    return state


ServerStateDep = Annotated[ServerState, Depends(_state)]
