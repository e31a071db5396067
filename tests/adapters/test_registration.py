"""Registering with servers: ours, and two generations of the original's, patient with both."""

import base64
import logging
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from adapters.acme import Bench, adapter
from fixtures import waiting
from fixtures.loopback import JSON, Answer, LoopbackServer, loopback
from meshery.adapters.description import description_of, offline_versions
from meshery.adapters.model import Description
from meshery.adapters.registration import Registered, Registration, Way, definitions, register
from meshery.adapters.serving import serve
from meshery.core.errors import (
    ForbiddenError,
    OperationFailedError,
    UnavailableError,
    UnsupportedError,
)

__all__ = ["loopback"]

OURS = "/api/adapters"
THIRD = "/api/meshmodels/components"
SECOND = "/api/meshmodel/components/register"


@pytest.fixture
async def description(bench: Bench) -> Description:
    made = adapter(bench)
    return description_of(made, offline_versions(made.mesh))


def registration(server: LoopbackServer, **more: Any) -> Registration:
    return Registration(server=server.url, address="adapter.test:10000", **more)


def bodies(server: LoopbackServer, route: str) -> list[Any]:
    return [msgspec.json.decode(body) for _, path, _, body in server.seen if path == route]


async def test_ours_is_told_the_address_in_one_call(
    loopback: LoopbackServer, description: Description
) -> None:
    loopback.says(OURS, 201, "{}")
    done = await register(description, registration(loopback, token="t"))
    assert done == Registered("meshery", 1)
    (seen,) = loopback.seen
    assert seen[2]["authorization"] == "Bearer t"
    assert bodies(loopback, OURS) == [{"address": "adapter.test:10000", "name": "acme"}]


async def test_the_second_generation_names_a_host_in_go_s_way(
    loopback: LoopbackServer, description: Description
) -> None:
    loopback.says(SECOND, 200, "")
    done = await register(description, registration(loopback, instance_id="me"))
    assert done == Registered("generation 2", 4)
    sent = bodies(loopback, SECOND)
    assert sent[0].keys() == {"host", "entityType", "entity"}
    assert {each["entityType"] for each in sent} == {"component"}
    assert sent[0]["host"] == {
        "Hostname": "adapter.test",
        "Port": 10000,
        "Metadata": "me",
        "IHost": None,
    }
    entities = [msgspec.json.decode(base64.b64decode(each["entity"])) for each in sent]
    assert [(each["apiVersion"], each["kind"]) for each in entities] == [
        ("core.meshmodel.dev/v1alpha1", "AcmeMesh"),
        ("acme.test/v1", "Policy"),
        ("acme.test/v1", "Zone"),
        ("acme.test/v2", "Gate"),
    ]


async def test_the_third_generation_names_a_connection(
    loopback: LoopbackServer, description: Description
) -> None:
    loopback.says(THIRD, 200, "")
    done = await register(description, registration(loopback))
    assert done.way == "generation 3"
    first = bodies(loopback, THIRD)[0]
    assert first["connection"]["metadata"] == {"address": "adapter.test:10000"}
    assert "host" not in first


def test_a_component_is_defined_as_the_original_has_it(description: Description) -> None:
    mesh, policy, *_ = definitions(description)
    assert policy.keys() == {
        *("kind", "apiVersion", "displayName", "format", "metadata", "model", "schema")
    }
    assert policy["format"] == "JSON"
    assert policy["model"]["category"]["name"] == "Cloud Native Network"
    assert msgspec.json.decode(policy["schema"])["properties"]["attempts"]["type"] == "integer"
    assert msgspec.json.decode(mesh["schema"])["properties"]["profile"]["enum"] == ["default"]
    assert mesh["displayName"] == "Acme Mesh"


async def test_a_web_page_is_no_acceptance(
    loopback: LoopbackServer, description: Description
) -> None:
    """The original answers its pages, with 200, for routes that it does not have."""
    for route in (OURS, THIRD):
        loopback.says(route, 200, "<html>", kind="text/html; charset=utf-8")
    loopback.says(SECOND, 202, "")
    assert (await register(description, registration(loopback))).way == "generation 2"


def after(refusals: int, status: int) -> Callable[[dict[str, str]], Answer]:
    left = [refusals]

    def answer(_headers: dict[str, str]) -> Answer:
        left[0] -= 1
        return (status if left[0] >= 0 else 200), JSON, b"{}"

    return answer


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_server_that_is_busy_is_asked_again(
    loopback: LoopbackServer, description: Description, status: int
) -> None:
    loopback.answers[SECOND] = after(2, status)
    done = await register(description, registration(loopback), shortest_pause_s=0)
    assert done == Registered("generation 2", 4)
    assert len(bodies(loopback, SECOND)) == 6, "each entity arrived once, the first after two tries"


async def test_a_server_that_is_away_is_waited_for(description: Description) -> None:
    nowhere = Registration(server="http://127.0.0.1:1", address="a:1")
    with pytest.raises(UnavailableError, match="did not take"):
        await register(description, nowhere, tries=3, shortest_pause_s=0)


@pytest.mark.parametrize(
    ("status", "kind"), [(401, ForbiddenError), (403, ForbiddenError), (400, OperationFailedError)]
)
async def test_a_refusal_is_not_asked_again(
    loopback: LoopbackServer, description: Description, status: int, kind: type[Exception]
) -> None:
    loopback.says(OURS, status, "{}")
    with pytest.raises(kind):
        await register(description, registration(loopback))
    assert len(loopback.seen) == 1


async def test_what_is_no_server_of_meshery_is_told(
    loopback: LoopbackServer, description: Description
) -> None:
    ways: tuple[Way, ...] = ("meshery", "generation 2")
    with pytest.raises(UnsupportedError, match="takes no registration"):
        await register(description, registration(loopback), ways=ways)
    assert [path for _, path, _, _ in loopback.seen] == [OURS, SECOND]


async def test_an_adapter_registers_while_it_serves(
    loopback: LoopbackServer, bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "meshery.adapters")
    loopback.says(OURS, 201, "{}")
    secret = registration(loopback, token="very-secret")
    async with serve(adapter(bench), port=0, registration=secret):

        async def is_told() -> bool:
            return "acme is registered" in caplog.text

        await waiting.until(is_told, what="the registration")
    assert "very-secret" not in caplog.text + repr(secret)
