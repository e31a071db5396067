"""Behaviours on real sidecars, proven by requests: applied, seen, undone."""

import asyncio
from collections import Counter
from collections.abc import Iterable

import msgspec
import pytest

from meshery.sandbox.bounds import acceptance
from meshery.sandbox.probe import Answer, ask
from sandbox.harness import Mesh, behaviour

pytestmark = pytest.mark.asyncio(loop_scope="session")

WEB = "web-v1-0"
INTRUDER = "intruder-v1-0"
GATEWAY = "gateway-v1-0"
SPLIT = {"backends": [{"subset": "v1", "weight": 80}, {"subset": "v2", "weight": 20}]}
TO_V2 = {"backends": [{"subset": "v2"}]}


def versions(answers: Iterable[Answer]) -> Counter[str]:
    return Counter(answer.headers.get("x-version", str(answer.status)) for answer in answers)


def statuses(answers: Iterable[Answer]) -> Counter[int]:
    return Counter(answer.status for answer in answers)


def within(count: int, samples: int, share: float) -> bool:
    low, high = acceptance(samples, share)
    return low <= count <= high


async def test_without_behaviours_versions_share_by_turns(mesh: Mesh) -> None:
    seen = versions(await mesh.many(40, WEB, to="api"))
    assert seen == {"v1": 20, "v2": 20}


@pytest.mark.parametrize(
    "name",
    ["api", "api:80", "api.test", "api.test.svc", "api.test.svc.cluster.local:80"],
)
async def test_a_service_has_all_its_names(mesh: Mesh, name: str) -> None:
    assert (await mesh.get(WEB, to=name)).status == 200


async def test_absolute_form_is_understood(mesh: Mesh) -> None:
    assert (await mesh.get(WEB, "http://api/echo", to="ignored")).status == 200


async def test_split(mesh: Mesh) -> None:
    await mesh.apply(behaviour("split", "api", SPLIT))
    seen = versions(await mesh.many(1000, WEB, to="api"))
    assert within(seen["v2"], 1000, 0.2), seen
    await mesh.apply()
    assert versions(await mesh.many(20, WEB, to="api")) == {"v1": 10, "v2": 10}


async def test_split_holds_for_the_source_alone_and_only_for_what_matches(mesh: Mesh) -> None:
    match = {"headers": [{"name": "x-user", "exact": "jason"}]}
    only_v1 = behaviour("split", "api", {"backends": [{"subset": "v1"}]}, name="stable")
    canary = behaviour("split", "api", {**TO_V2, "match": match}, name="beta", source="web")
    await mesh.apply(only_v1, canary)
    assert (await mesh.get(WEB, to="api", x_user="jason")).headers["x-version"] == "v2"
    assert (await mesh.get(WEB, to="api")).headers["x-version"] == "v1"
    assert (await mesh.get(INTRUDER, to="api", x_user="jason")).headers["x-version"] == "v1"


async def test_a_split_may_lead_to_another_service(mesh: Mesh) -> None:
    await mesh.apply(behaviour("split", "api", {"backends": [{"service": "data"}]}))
    body = msgspec.json.decode((await mesh.get(WEB, to="api")).body)
    assert body["service"] == "data"


async def test_route_by_path_method_header_and_query(mesh: Mesh) -> None:
    rules = {
        "path": {"path": {"prefix": "/v2"}},
        "exact": {"path": {"exact": "/only"}},
        "regex": {"path": {"regex": "/r/[0-9]+"}},
        "method": {"method": "PUT"},
        "query": {"query": [{"name": "beta", "exact": "1"}]},
        "header": {"headers": [{"name": "x-beta", "prefix": "y"}]},
    }
    stable = behaviour("split", "api", {"backends": [{"subset": "v1"}]})
    routes = [
        behaviour("route", "api", {"match": match, **TO_V2}, name=name)
        for name, match in rules.items()
    ]
    await mesh.apply(stable, *routes)

    async def version(path: str, method: str = "GET", **headers: str) -> str:
        answer = await mesh.get(WEB, path, to="api", method=method, **headers)
        return answer.headers["x-version"]

    assert await version("/v2/x") == await version("/v2") == await version("/only") == "v2"
    assert await version("/v2example") == await version("/only/x") == await version("/") == "v1"
    assert await version("/r/12") == "v2"
    assert await version("/r/x") == "v1"
    assert await version("/", "PUT") == "v2"
    assert await version("/?beta=1&x=2") == "v2"
    assert await version("/?beta=2") == "v1"
    assert await version("/", x_beta="yes") == "v2"


@pytest.mark.parametrize(
    ("prefix", "path", "rewrite", "seen"),
    [
        ("/prefix/one", "/prefix/one/two?q=1", {"prefix": "/one"}, "/one/two?q=1"),
        ("/strip", "/strip/three", {"prefix": "/"}, "/three"),
        ("/strip", "/strip", {"prefix": "/"}, "/"),
        ("/full", "/full/one/two?q=1", {"full": "/one"}, "/one?q=1"),
    ],
)
async def test_rewrite(
    mesh: Mesh, prefix: str, path: str, rewrite: dict[str, str], seen: str
) -> None:
    params = {"match": {"path": {"prefix": prefix}}, "rewrite": {"path": rewrite, "host": "new"}}
    await mesh.apply(behaviour("route", "api", params), behaviour("route", "api", ECHO, name="zz"))
    answer = await mesh.get(WEB, path, to="api")
    shown = msgspec.json.decode(answer.body)
    assert shown.get("path", "/") == seen


ECHO = {"match": {"path": {"exact": "/headers"}}, "rewrite": {"path": {"full": "/echo"}}}


async def test_header_changes_and_a_host_rewrite(mesh: Mesh) -> None:
    changes = {
        "request": {"set": {"x-set": "100%"}, "add": {"x-add": "b"}, "remove": ["x-gone"]},
        "response": {"set": {"x-version": "hidden"}, "add": {"x-new": "1"}},
    }
    params = {**ECHO, "headerOps": changes, "rewrite": {**ECHO["rewrite"], "host": "other"}}
    await mesh.apply(behaviour("route", "api", params))
    answer = await mesh.get(WEB, "/headers", to="api", x_set="old", x_add="a", x_gone="1")
    request = answer.body.decode().lower().split("\r\n")
    assert "x-set: 100%" in request
    assert "x-set: old" not in request
    assert {"x-add: a", "x-add: b"} <= set(request)
    assert "host: other" in request
    assert not any(line.startswith("x-gone") for line in request)
    assert answer.headers["x-version"] == "hidden"
    assert answer.headers["x-new"] == "1"
    assert "x-new" not in (await mesh.get(WEB, "/x", to="api")).headers


async def test_redirect(mesh: Mesh) -> None:
    match = {"path": {"prefix": "/old"}}
    redirect = {"path": {"prefix": "/new"}, "host": "data", "status": 301}
    await mesh.apply(behaviour("route", "api", {"match": match, "redirect": redirect}))
    answer = await mesh.get(WEB, "/old/x", to="api")
    assert (answer.status, answer.headers["location"]) == (301, "http://data/new/x")


async def test_retry_hides_failures(mesh: Mesh) -> None:
    plain = statuses(await mesh.many(200, WEB, "/fail?rate=50", to="api"))
    await mesh.apply(behaviour("retry", "api", {"attempts": 5, "backoff": {"base": "1ms"}}))
    retried = statuses(await mesh.many(200, WEB, "/fail?rate=50", to="api"))
    assert within(plain[500], 200, 0.5)
    assert within(retried[500], 200, 0.5**6), retried
    await mesh.apply()
    assert within(statuses(await mesh.many(200, WEB, "/fail?rate=50", to="api"))[500], 200, 0.5)


async def test_retry_on_a_status_for_idempotent_methods_alone(mesh: Mesh) -> None:
    params = {
        "attempts": 5,
        "on": [418],
        "idempotentOnly": True,
        "backoff": {"base": "1ms"},
        "budget": {"ratio": 100, "minPerSecond": 100},
    }
    await mesh.apply(behaviour("retry", "api", params))
    path = "/fail?rate=50&code=418"
    safe = [(await mesh.get(WEB, path, to="api")).status for _ in range(60)]
    unsafe = [(await mesh.get(WEB, path, to="api", method="POST")).status for _ in range(60)]
    assert within(safe.count(418), 60, 0.5**6)
    assert within(unsafe.count(418), 60, 0.5)


@pytest.mark.parametrize("limit", ["request", "perTry", "responseHeaders"])
async def test_timeout(mesh: Mesh, limit: str) -> None:
    await mesh.apply(behaviour("timeout", "api", {limit: "400ms"}))
    slow = await mesh.get(WEB, "/delay?ms=3000", to="api")
    assert slow.status == 504
    assert 0.35 < slow.elapsed_s < 3
    assert (await mesh.get(WEB, "/delay?ms=5", to="api")).status == 200


async def test_limits_refuse_what_is_too_much_at_once(mesh: Mesh) -> None:
    await mesh.apply(behaviour("limits", "api", {"maxRequests": 5}))
    answers = await mesh.many(20, WEB, "/delay?ms=500", to="api", connections=20)
    assert statuses(answers) == {200: 5, 503: 15}
    overloaded = [answer for answer in answers if answer.status == 503]
    assert all(answer.headers["x-envoy-overloaded"] == "true" for answer in overloaded)
    await mesh.apply()
    assert statuses(await mesh.many(20, WEB, "/delay?ms=20", to="api", connections=20)) == {200: 20}


async def test_limits_of_one_version(mesh: Mesh) -> None:
    narrow = behaviour("limits", "api/v2", {"maxRequests": 1, "scope": "subset"})
    await mesh.apply(narrow)
    answers = await mesh.many(40, WEB, "/delay?ms=50", to="api", connections=40)
    seen = versions(answers)
    assert seen["v2"] >= 1
    assert seen["v1"] + seen["v2"] + seen["503"] == 40
    assert seen["503"] > 5
    assert seen["v1"] > 5


async def test_ejection_keeps_a_failing_instance_out(mesh: Mesh) -> None:
    broken = behaviour("fault", "api/v2", {"abort": {"status": 503}}, name="broken")
    params = {
        "consecutiveErrors": 3,
        "interval": "100ms",
        "baseEjection": "5s",
        "maxPercent": 100,
    }
    await mesh.apply(broken, behaviour("ejection", "api", params))
    seen = [(await mesh.get(WEB, to="api")).status for _ in range(30)]
    # The third error ejects it; on a busy machine a few more requests pass before all know.
    assert 3 <= seen.count(503) < 10
    assert seen[-10:] == [200] * 10


async def test_trip_opens_and_closes(mesh: Mesh) -> None:
    broken = behaviour("fault", "data", {"abort": {"status": 500}}, name="broken")
    trip = behaviour("trip", "data", {"count": 2, "openFor": "1s"})
    await mesh.apply(broken, trip)
    seen = [(await mesh.get(WEB, to="data")).status for _ in range(12)]
    assert seen[:2] == [500, 500]
    assert 503 in seen
    await mesh.apply(trip)
    async with asyncio.timeout(5):
        while (await mesh.get(WEB, to="data")).status != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_mirror_copies_and_drops_the_answers(mesh: Mesh) -> None:
    async def received() -> int:
        instance = mesh.world.instance("data-v1-0")
        async with mesh.admin(instance.name) as admin:
            found = await admin.stats(r"^http\.inbound\.downstream_rq_total$")
        return int(found["http.inbound.downstream_rq_total"])

    await mesh.apply(behaviour("mirror", "api", {"to": {"service": "data"}, "percent": 50}))
    before = await received()
    answers = await mesh.many(200, WEB, to="api")
    await asyncio.sleep(0.1)
    assert {answer.headers["x-served-by"][:3] for answer in answers} == {"api"}
    assert within(await received() - before, 200, 0.5)


async def test_fault_delay_and_abort_are_shares(mesh: Mesh) -> None:
    params = {
        "delay": {"duration": "250ms", "percent": 50},
        "abort": {"status": 418, "percent": 30},
    }
    await mesh.apply(behaviour("fault", "api", params))
    answers = await mesh.many(200, WEB, to="api", connections=40)
    delayed = sum(answer.elapsed_s > 0.245 for answer in answers)
    assert within(statuses(answers)[418], 200, 0.3)
    assert within(delayed, 200, 0.5), delayed
    await mesh.apply()
    answers = await mesh.many(50, WEB, to="api")
    assert statuses(answers) == {200: 50}


async def test_faults_by_source_and_match(mesh: Mesh) -> None:
    match = {"path": {"prefix": "/pay"}, "method": "GET"}
    for_web = behaviour(
        "fault", "api", {"abort": {"status": 418}, "match": match}, source="web", name="teapot"
    )
    for_all = behaviour("fault", "api", {"abort": {"status": 503}, "match": match}, name="down")
    await mesh.apply(for_web, for_all)
    assert (await mesh.get(WEB, "/pay", to="api")).status == 418
    assert (await mesh.get(INTRUDER, "/pay", to="api")).status == 503
    assert (await mesh.get(WEB, "/other", to="api")).status == 200


async def test_callers_timeouts_and_retries_meet_faults(mesh: Mesh) -> None:
    delay = behaviour("fault", "api", {"delay": {"duration": "400ms"}}, name="slow")
    await mesh.apply(delay, behaviour("timeout", "api", {"request": "60ms"}))
    assert (await mesh.get(WEB, to="api")).status == 504
    abort = behaviour("fault", "api", {"abort": {"status": 503, "percent": 50}}, name="flaky")
    await mesh.apply(abort, behaviour("retry", "api", {"attempts": 6, "backoff": {"base": "1ms"}}))
    assert within(statuses(await mesh.many(100, WEB, to="api"))[503], 100, 0.5**7)


async def test_bandwidth(mesh: Mesh) -> None:
    await mesh.apply(behaviour("fault", "api", {"bandwidth": {"kbps": 9}}))
    answer = await mesh.get(WEB, "/echo", to="api", x_pad="x" * 2000)
    assert answer.elapsed_s > 0.5


async def test_rate_limit(mesh: Mesh) -> None:
    limit = behaviour("ratelimit", "api/v1", {"requests": 10, "per": "minute"})
    stable = behaviour("split", "api", {"backends": [{"subset": "v1"}]})
    await mesh.apply(limit, stable)
    assert statuses(await mesh.many(30, WEB, to="api")) == {200: 10, 429: 20}
    await mesh.apply(stable)
    assert statuses(await mesh.many(30, WEB, to="api")) == {200: 30}


@pytest.mark.parametrize("key", ["source", "header:x-user"])
async def test_rate_limit_by_key(mesh: Mesh, key: str) -> None:
    limit = {"requests": 3, "per": "hour", "burst": 1, "keyBy": [key], "status": 503}
    await mesh.apply(behaviour("ratelimit", "data", limit))
    ann = [(await mesh.get(WEB, to="data", x_user="ann")).status for _ in range(6)]
    bob = [(await mesh.get(INTRUDER, to="data", x_user="bob")).status for _ in range(6)]
    assert ann == bob == [200, 200, 200, 200, 503, 503]


async def test_egress_is_closed_until_it_is_opened(mesh: Mesh) -> None:
    data = mesh.world.instance("data-v1-0")  # its application, off the mesh, is the outside here
    outside = f"127.0.0.1:{data.app_port}"
    assert (await mesh.get(WEB, to=outside)).status == 502
    await mesh.apply(behaviour("egress", "web", {"hosts": ["127.0.0.1"], "ports": [data.app_port]}))
    assert (await mesh.get(WEB, to=outside)).headers["x-served-by"] == "data-v1-0"
    assert (await mesh.get(WEB, to="127.0.0.1:1")).status == 502
    assert (await mesh.get(INTRUDER, to=outside)).status == 502
    await mesh.apply(behaviour("egress", "*", {"defaultDeny": False}))
    assert (await mesh.get(INTRUDER, to=f"localhost:{data.app_port}")).status == 200
    own = mesh.world.instance(WEB).outbound_port
    assert (await mesh.get(WEB, to=f"127.0.0.1:{own}")).status == 502, "no request for ever"


async def test_gateway_and_ingress(mesh: Mesh) -> None:
    assert (await ask(mesh.inbound(GATEWAY, to="any.host"))).headers["x-version"] in {"v1", "v2"}
    routes = [{"path": "/data", "service": "data"}, {"path": "/", "subset": "v2"}]
    ingress = behaviour("ingress", "api", {"hosts": ["shop.test"], "routes": routes})
    await mesh.apply(ingress)
    assert (await ask(mesh.inbound(GATEWAY, "/", to="shop.test"))).headers["x-version"] == "v2"
    below = await ask(mesh.inbound(GATEWAY, "/data/x?y=1", to="shop.test:8080"))
    assert below.headers["x-served-by"] == "data-v1-0"
    beside = await ask(mesh.inbound(GATEWAY, "/database", to="shop.test"))
    assert beside.headers["x-version"] == "v2"
    secure = behaviour("ingress", "api", {"hosts": ["shop.test"], "tls": True})
    await mesh.apply(secure)
    assert (await ask(mesh.inbound(GATEWAY, to="shop.test"))).status == 301
    assert (await ask(mesh.inbound(GATEWAY, to="other.test"))).status == 200


async def test_behaviours_hold_behind_the_gateway_too(mesh: Mesh) -> None:
    await mesh.apply(
        behaviour("split", "api", TO_V2, source="gateway"),
        behaviour("ratelimit", "gateway", {"requests": 2, "per": "hour"}),
    )
    seen = [await ask(mesh.inbound(GATEWAY)) for _ in range(3)]
    assert [answer.status for answer in seen] == [200, 200, 429]
    assert seen[0].headers["x-version"] == "v2"


async def test_many_behaviours_stand_together(mesh: Mesh) -> None:
    await mesh.apply(
        behaviour("split", "api", SPLIT),
        behaviour("retry", "api", {"attempts": 3}),
        behaviour("timeout", "api", {"request": "2s"}),
        behaviour("limits", "api", {"maxRequests": 50}),
        behaviour("mirror", "api", {"to": {"service": "data"}, "percent": 10}),
        behaviour("fault", "api", {"delay": {"duration": "1ms", "percent": 10}}),
        behaviour("route", "api", {"headerOps": {"response": {"set": {"x-mesh": "on"}}}}),
        behaviour("ratelimit", "api", {"requests": 100_000}),
        behaviour("access", "api", {"action": "allow", "from": [{"identity": "web"}]}),
    )
    answers = await mesh.many(300, WEB, to="api")
    assert statuses(answers) == {200: 300}
    assert {answer.headers["x-mesh"] for answer in answers} == {"on"}
    assert within(versions(answers)["v2"], 300, 0.2)
    assert (await mesh.get(INTRUDER, to="api")).status == 403


async def test_a_behaviour_that_is_applied_holds_for_the_next_request(mesh: Mesh) -> None:
    for _ in range(5):
        await mesh.apply(behaviour("split", "api", TO_V2))
        assert versions(await mesh.many(4, WEB, to="api")) == {"v2": 4}
        await mesh.apply()
        assert set(versions(await mesh.many(4, WEB, to="api"))) == {"v1", "v2"}
