"""Telling a server about an adapter: ours in one call, one of the original entity by entity.

Ours is given the address, and describes the adapter itself. The original wants each component;
which of its two routes it has, is found by asking: an answer that is a web page is none. What fails
for now is tried again, ever later; what is refused is not.
"""

import asyncio
import base64
import logging
import random
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import httpx2
import msgspec

from meshery.adapters.legacy_words import component_kind
from meshery.adapters.model import Description
from meshery.core.errors import (
    ForbiddenError,
    OperationFailedError,
    UnavailableError,
    UnsupportedError,
)

Way = Literal["meshery", "generation 3", "generation 2"]

WAYS: Mapping[Way, str] = {
    "meshery": "/api/adapters",
    "generation 3": "/api/meshmodels/components",
    "generation 2": "/api/meshmodel/components/register",
}
"""The route of each way, in the order in which they are tried."""

CATEGORY = "Cloud Native Network"
MESH_API_VERSION = "core.meshmodel.dev/v1alpha1"
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 600.0
CALL_TIMEOUT_S = 20.0

_TRY_LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
_NO_ROUTE = frozenset({301, 302, 303, 307, 308, 404, 405, 501})

_log = logging.getLogger("meshery.adapters")


class Registration(msgspec.Struct, frozen=True, kw_only=True):
    """Where to register: the server's URL, and the address at which it reaches the adapter.

    `token` is the server's, sent with each call. `instance_id` names this adapter to the original.
    """

    server: str
    address: str
    token: str = ""
    instance_id: str = msgspec.field(default_factory=lambda: str(uuid.uuid4()))

    def __repr__(self) -> str:
        return f"Registration({self.server!r}, {self.address!r})"


class Registered(msgspec.Struct, frozen=True):
    """How it was done, and how many entities were sent."""

    way: Way
    entities: int


async def register(
    description: Description,
    registration: Registration,
    *,
    ways: Sequence[Way] = tuple(WAYS),
    tries: int = 0,
    shortest_pause_s: float = SHORTEST_PAUSE_S,
) -> Registered:
    """Register, trying each call again until it is accepted; `tries` bounds that, 0 does not.

    UnsupportedError when the server has none of the ways, ForbiddenError or OperationFailedError
    when it refuses, UnavailableError when all tries are used up.
    """
    async with httpx2.AsyncClient(
        base_url=registration.server.rstrip("/"), trust_env=False, timeout=CALL_TIMEOUT_S
    ) as client:
        caller = _Caller(client, registration.token, tries, shortest_pause_s)
        for way in ways:
            bodies = list(_bodies(way, description, registration))
            # The first call shows whether there is such a route.
            if await caller.send(WAYS[way], bodies[0], is_asking=True):
                for body in bodies[1:]:
                    await caller.send(WAYS[way], body)
                return Registered(way, len(bodies))
    raise UnsupportedError(
        f"{registration.server} takes no registration of adapters",
        cause="none of the known routes is there: " + ", ".join(WAYS[way] for way in ways),
        remedy="see whether this is a Meshery server",
    )


def definitions(description: Description) -> list[dict[str, Any]]:
    """The components of a mesh as the original knows them: the mesh itself, then its kinds."""
    version = next((each.name for each in description.versions.known), "")
    model = {
        "name": description.name,
        "version": version,
        "displayName": description.title,
        "category": {"name": CATEGORY, "metadata": None},
        "metadata": {},
    }
    profiles = [each.name for each in description.profiles]
    mesh = {
        "type": "object",
        "properties": {"profile": {"type": "string", "enum": profiles}} if profiles else {},
        "required": ["profile"] if profiles else [],
    }
    kinds = [(MESH_API_VERSION, component_kind(description.smp, description.title), mesh)]
    kinds += [(each.api_version, each.kind, dict(each.schema)) for each in description.kinds]
    return [
        {
            "kind": kind,
            "apiVersion": api_version,
            "displayName": re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", kind),
            "format": "JSON",
            "metadata": {},
            "model": model,
            "schema": msgspec.json.encode(schema).decode(),
        }
        for api_version, kind, schema in kinds
    ]


def _bodies(
    way: Way, description: Description, registration: Registration
) -> Iterator[dict[str, Any]]:
    if way == "meshery":
        yield {"address": registration.address, "name": description.name}
        return
    host, _, port = registration.address.rpartition(":")
    if way == "generation 2":
        named = {
            "Hostname": host.strip("[]"),
            "Port": int(port),
            "Metadata": registration.instance_id,
            "IHost": None,
        }
        place: dict[str, Any] = {"host": named}
    else:
        connection = {
            "id": registration.instance_id,
            "name": description.smp,
            "kind": "meshery-adapter",
            "type": "platform",
            "subType": "adapter",
            "status": "registered",
            "metadata": {"address": registration.address},
        }
        place = {"connection": connection}
    for entity in definitions(description):
        raw = msgspec.json.encode(entity)
        yield {**place, "entityType": "component", "entity": base64.b64encode(raw).decode()}


class _Caller:
    """Sends to one server, again and again where that may help."""

    def __init__(self, client: httpx2.AsyncClient, token: str, tries: int, pause_s: float) -> None:
        self._client = client
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._tries = tries
        self._pause_s = pause_s

    async def send(self, route: str, body: dict[str, Any], *, is_asking: bool = False) -> bool:
        """Until it is accepted; False when there is no such route, and that was the question."""
        count, pause_s = 0, self._pause_s
        while True:
            count += 1
            try:
                answer = await self._client.post(route, json=body, headers=self._headers)
            except httpx2.HTTPError as error:
                reason = f"{type(error).__name__}: {error}"
            else:
                if is_asking and _has_no_route(answer):
                    return False
                reason = _reason(answer)
                if not reason:
                    return True
            if count == self._tries:
                raise UnavailableError(
                    f"{self._client.base_url} did not take the registration", cause=reason
                )
            _log.info("registration waits for the server: %s", reason)
            # Jitter keeps adapters that started together from coming back together.
            await asyncio.sleep(pause_s * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            pause_s = min(pause_s * 2, LONGEST_PAUSE_S)


def _has_no_route(answer: httpx2.Response) -> bool:
    is_page = answer.headers.get("content-type", "").startswith("text/html")
    return answer.status_code in _NO_ROUTE or (answer.is_success and is_page)


def _reason(answer: httpx2.Response) -> str:
    """Why to try again; empty when it was accepted. Any error of the tree when it was refused."""
    if answer.is_success:
        return ""
    told = f"status {answer.status_code}: {answer.text[:300]}"
    if answer.status_code in _TRY_LATER:
        return told
    if answer.status_code in {401, 403}:
        raise ForbiddenError(
            "the server does not allow the registration",
            cause=told,
            remedy="give the server's token, or register from its own machine",
        )
    raise OperationFailedError("the server refused the registration", cause=told)
