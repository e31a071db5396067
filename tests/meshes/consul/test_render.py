"""Consul's config entries: what each behaviour becomes, and how several meet in one."""

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.model import Fidelity, Kind
from meshery.meshes.consul.mesh import MESH
from meshery.meshes.consul.table import ALTERNATIVES, TABLE
from meshes import alone, parameters
from meshes.consul.place import ENTERPRISE, VERSION, behaviour, named, one, rendered, world
from meshes.golden import check


def test_golden_files() -> None:
    check(MESH, Path(__file__).parent / "golden")


def test_every_kind_is_rendered_or_has_an_alternative() -> None:
    assert set(TABLE) | set(ALTERNATIVES) == set(Kind)
    assert not set(TABLE) & set(ALTERNATIVES)


@pytest.mark.parametrize("callers", [{}, {"shop/api": ("front/web",)}])
@pytest.mark.parametrize("version", [VERSION, ENTERPRISE, "1.22.0", "1.15.4", "1.14.8", ""])
def test_each_parameter_alone_changes_something_or_is_told(
    version: str, callers: dict[str, tuple[str, ...]]
) -> None:
    alone.check(MESH, world(version, callers=callers))
    parameters.check(MESH, [parameters.world_of(version)])


@pytest.mark.parametrize("version", [VERSION, ENTERPRISE, "1.14.8"])
def test_nothing_is_wrong_in_what_is_rendered(version: str) -> None:
    for _, _, changed, _ in parameters.changes():
        made = MESH.render([parse_behaviour(changed)], parameters.world_of(version)).objects
        assert not [each for check in MESH.validators.values() for each in check(made)], changed


def test_retries_need_the_protocol_and_take_all_routes() -> None:
    objects, outcome = one("retry", {"attempts": 3, "on": ["5xx", "unavailable", "429"]})
    assert [each["kind"] for each in objects] == ["ServiceDefaults", "ServiceRouter"]
    assert named(objects, "ServiceDefaults", "api") == {"protocol": "http"}
    destination = {"numRetries": 3, "retryOn": ["5xx", "unavailable"], "retryOnStatusCodes": [429]}
    assert named(objects, "ServiceRouter", "api") == {"routes": [{"destination": destination}]}
    assert outcome.fidelity is Fidelity.EXACT


def test_before_its_resource_had_retry_on_only_connections_and_codes_are_left() -> None:
    objects, outcome = one("retry", {"on": ["5xx", "connect-failure", "503"]}, version="1.17.0")
    (route,) = named(objects, "ServiceRouter", "api")["routes"]
    assert route["destination"] == {
        "numRetries": 2,
        "retryOnConnectFailure": True,
        "retryOnStatusCodes": [503],
    }
    assert outcome.fidelity is Fidelity.APPROXIMATE


def test_safe_requests_alone_are_tried_again() -> None:
    found = rendered(
        behaviour("retry", {"idempotentOnly": True, "on": ["5xx"]}, name="again"),
        behaviour("route", {"match": {"path": {"exact": "/x"}, "method": "POST"}}, name="x"),
        behaviour("timeout", {"request": "2s"}, name="soon"),
    )
    post, safe, rest = named(found.objects, "ServiceRouter", "api")["routes"]
    assert post["destination"] == {"requestTimeout": "2s"}
    assert safe["match"]["http"]["methods"][0] == "GET"
    assert safe["destination"]["numRetries"] == 2
    assert rest == {"destination": {"requestTimeout": "2s"}}


def test_a_prefix_is_one_of_whole_elements() -> None:
    params = {"match": {"path": {"prefix": "/v2"}}, "rewrite": {"path": {"prefix": "/new/"}}}
    objects, outcome = one("route", params)
    assert named(objects, "ServiceRouter", "api")["routes"] == [
        {"match": {"http": {"pathExact": "/v2"}}, "destination": {"prefixRewrite": "/new"}},
        {"match": {"http": {"pathPrefix": "/v2/"}}, "destination": {"prefixRewrite": "/new/"}},
    ]
    assert outcome.fidelity is Fidelity.EXACT


def test_specific_routes_come_first_whatever_their_order() -> None:
    routes = [
        behaviour("route", {"match": {"path": {"prefix": "/"}}}, name="any"),
        behaviour("route", {"match": {"path": {"exact": "/a"}}}, name="exact"),
        behaviour("route", {"match": {"headers": [{"name": "x"}]}}, name="header"),
    ]
    answers = []
    for order in permutations(routes):
        found = rendered(*order)
        answers.append(named(found.objects, "ServiceRouter", "api")["routes"])
    assert all(answer == answers[0] for answer in answers)
    assert [next(iter(each["match"]["http"])) for each in answers[0]] == [
        "pathExact",
        "pathPrefix",
        "header",
    ]


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ({"name": "x"}, {"name": "x", "present": True}),
        ({"name": "x", "present": False}, {"name": "x", "present": True, "invert": True}),
        (
            {"name": "x", "present": False, "invert": True},
            {"name": "x", "present": True},
        ),
        ({"name": "x", "contains": "a.b"}, {"name": "x", "regex": r".*a\.b.*"}),
        (
            {"name": "x", "suffix": "z", "invert": True},
            {"name": "x", "suffix": "z", "invert": True},
        ),
    ],
)
def test_conditions_on_headers(given: dict[str, Any], written: dict[str, Any]) -> None:
    objects, _ = one("route", {"match": {"headers": [given]}})
    (route,) = named(objects, "ServiceRouter", "api")["routes"]
    assert route["match"]["http"]["header"] == [written]


def test_an_absent_parameter_cannot_be_matched_and_is_not_left_out() -> None:
    objects, outcome = one("route", {"match": {"query": [{"name": "x", "present": False}]}})
    assert (objects, outcome.fidelity) == ([], Fidelity.UNSUPPORTED)


def test_a_split_comes_to_a_hundred_and_names_its_subsets() -> None:
    params = {"backends": [{"subset": "v1"}, {"subset": "v2"}, {"service": "cart"}]}
    objects, outcome = one("split", params)
    splits = named(objects, "ServiceSplitter", "api")["splits"]
    assert sorted(each["weight"] for each in splits) == [33.33, 33.33, 33.34]
    assert named(objects, "ServiceResolver", "api")["subsets"] == {
        "v1": {"filter": 'Service.Meta.version == "v1"'},
        "v2": {"filter": 'Service.Meta.version == "v2"'},
    }
    assert named(objects, "ServiceDefaults", "cart") == {"protocol": "http"}
    assert outcome.fidelity is Fidelity.APPROXIMATE
    assert any("service-meta-version" in note for note in outcome.notes)


def test_a_split_of_some_requests_has_a_name_of_its_own() -> None:
    params = {
        "match": {"headers": [{"name": "x-tester"}]},
        "backends": [{"subset": "v2", "weight": 1}, {"service": "api", "weight": 3}],
    }
    objects, _ = one("split", params, name="testers")
    (route,) = named(objects, "ServiceRouter", "api")["routes"]
    assert route["destination"] == {"service": "api-testers"}
    assert named(objects, "ServiceSplitter", "api-testers")["splits"] == [
        {"weight": 25.0, "service": "api", "serviceSubset": "v2"},
        {"weight": 75.0, "service": "api"},
    ]
    assert named(objects, "ServiceDefaults", "api-testers") == {"protocol": "http"}


def test_two_splits_of_one_service_do_not_mix() -> None:
    found = rendered(
        behaviour("split", {"backends": [{"subset": "v1"}]}, name="first"),
        behaviour("split", {"backends": [{"subset": "v2"}]}, name="second"),
    )
    splits = named(found.objects, "ServiceSplitter", "api")["splits"]
    assert splits == [{"weight": 100.0, "serviceSubset": "v2"}]
    assert any("is replaced" in note for note in found.outcomes[1].notes)


def test_what_speaks_tcp_is_not_routed() -> None:
    objects, outcome = one("split", {"backends": [{"service": "cart"}]}, target="db")
    assert (objects, outcome.fidelity) == ([], Fidelity.UNSUPPORTED)


def test_limits_and_ejection_meet_at_each_caller_in_one_override() -> None:
    found = rendered(
        behaviour("limits", {"maxConnections": 1, "maxPending": 0}, name="few"),
        behaviour("ejection", {"consecutiveErrors": 1, "baseEjection": "2m"}, name="out"),
    )
    assert sorted(each["metadata"]["name"] for each in found.objects) == ["cart", "web"]
    assert named(found.objects, "ServiceDefaults", "web") == {
        "upstreamConfig": {
            "overrides": [
                {
                    "name": "api",
                    "limits": {"maxConnections": 1, "maxPendingRequests": 0},
                    "passiveHealthCheck": {
                        "interval": "10s",
                        "maxFailures": 1,
                        "enforcingConsecutive5xx": 100,
                        "maxEjectionPercent": 50,
                        "baseEjectionTime": "2m",
                    },
                }
            ]
        }
    }
    assert [each.fidelity for each in found.outcomes] == [Fidelity.EXACT, Fidelity.EXACT]


def test_without_callers_only_connections_can_be_limited_at_the_target() -> None:
    objects, outcome = one("limits", {"maxConnections": 7, "maxRequests": 9}, callers={})
    assert named(objects, "ServiceDefaults", "api") == {"maxInboundConnections": 7}
    assert outcome.fidelity is Fidelity.APPROXIMATE
    assert any(note.startswith("maxRequests is left out") for note in outcome.notes)
    for kind, params in (("limits", {"maxRequests": 9}), ("ejection", {})):
        objects, outcome = one(kind, params, callers={})
        assert (objects, outcome.fidelity) == ([], Fidelity.UNSUPPORTED)
        assert "source" in outcome.alternative


def test_one_caller_is_enough_when_it_is_named() -> None:
    objects, _ = one("ejection", {}, callers={}, source="web.front")
    assert [each["metadata"]["namespace"] for each in objects] == ["front"]


def test_a_trip_with_a_fallback_fails_over() -> None:
    objects, outcome = one("trip", {"count": 3, "fallback": "cart", "openFor": "9s"})
    assert named(objects, "ServiceResolver", "api")["failover"] == {"*": {"service": "cart"}}
    (override,) = named(objects, "ServiceDefaults", "web")["upstreamConfig"]["overrides"]
    assert override["passiveHealthCheck"]["baseEjectionTime"] == "9s"
    assert outcome.fidelity is Fidelity.APPROXIMATE


def test_no_time_limit_is_a_negative_one() -> None:
    objects, outcome = one("timeout", {"request": "0s", "connect": "250ms"})
    (route,) = named(objects, "ServiceRouter", "api")["routes"]
    assert route["destination"] == {"requestTimeout": "-1s"}
    assert named(objects, "ServiceResolver", "api") == {"connectTimeout": "250ms"}
    assert outcome.notes


def test_a_rate_is_tokens_of_an_extension_and_a_field_of_enterprise() -> None:
    params = {"requests": 90, "per": "minute", "burst": 10}
    objects, outcome = one("ratelimit", params)
    (extension,) = named(objects, "ServiceDefaults", "api")["envoyExtensions"]
    assert extension["name"] == "builtin/http/localratelimit"
    assert extension["arguments"] == {
        "proxyType": "connect-proxy",
        "maxTokens": 100,
        "tokensPerFill": 90,
        "fillInterval": 60,
        "filterEnabled": 100,
        "filterEnforced": 100,
    }
    assert outcome.fidelity is Fidelity.EXACT
    objects, _ = one("ratelimit", {"requests": 9, "burst": 1}, version=ENTERPRISE)
    limit = named(objects, "ServiceDefaults", "api")["rateLimits"]["instanceLevel"]
    assert limit == {"requestsPerSecond": 9, "requestsMaxBurst": 10}


def test_faults_take_enterprise() -> None:
    params = {"abort": {"status": 503, "percent": 50}, "delay": {"duration": "300ms"}}
    objects, outcome = one("fault", params)
    assert (objects, outcome.fidelity) == ([], Fidelity.UNSUPPORTED)
    objects, outcome = one("fault", params, version=ENTERPRISE)
    (extension,) = named(objects, "ServiceDefaults", "api")["envoyExtensions"]
    assert extension["arguments"]["config"] == {
        "delay": {"duration": 300, "percentage": 100},
        "abort": {"httpStatus": 503, "percentage": 50},
    }
    assert outcome.fidelity is Fidelity.EXACT


def test_permissive_is_allowed_by_the_mesh_first() -> None:
    objects, _ = one("mtls", {"mode": "permissive"})
    assert [each["kind"] for each in objects] == ["Mesh", "ServiceDefaults"]
    assert named(objects, "Mesh", "mesh") == {"allowEnablingPermissiveMutualTLS": True}
    objects, _ = one("mtls", {"mode": "strict", "scope": "mesh"})
    assert named(objects, "ProxyDefaults", "global") == {"mutualTLSMode": "strict"}


def test_the_mode_of_a_namespace_is_set_at_its_services_even_where_the_target_is_all() -> None:
    params = {"mode": "strict", "scope": "namespace"}
    objects, outcome = one("mtls", params, target="*")
    assert [(each["kind"], each["metadata"]["name"]) for each in objects] == [
        ("ServiceDefaults", "api"),
        ("ServiceDefaults", "cart"),
        ("ServiceDefaults", "db"),
    ]
    assert outcome.fidelity is Fidelity.APPROXIMATE
    objects, outcome = one("mtls", params, target="*", services=())
    assert (objects, outcome.fidelity) == ([], Fidelity.UNSUPPORTED)
    assert "scope mesh" in outcome.alternative


def test_an_upstream_of_another_namespace_is_told_and_named_to_enterprise() -> None:
    params, to = {"maxConnections": 1}, {"service": "cart", "namespace": "back"}
    for version, more in ((VERSION, {}), (ENTERPRISE, {"namespace": "back"})):
        objects, outcome = one("limits", params, target=to, source="api", version=version)
        (override,) = named(objects, "ServiceDefaults", "api")["upstreamConfig"]["overrides"]
        assert override == {"name": "cart", **more, "limits": {"maxConnections": 1}}
        assert any("namespace back" in note for note in outcome.notes)
        _, outcome = one("limits", params, target="cart", source="api", version=version)
        assert not any("namespace" in note for note in outcome.notes)


def _sources(*rules: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    documents = [
        behaviour("access", rule, name=f"rule-{number}") for number, rule in enumerate(rules)
    ]
    found = rendered(*documents, **more)
    return list(named(found.objects, "ServiceIntentions", "api")["sources"])


ALLOW_WEB = {"action": "allow", "from": [{"identity": "web"}]}
DENY_ALL = {"action": "deny"}


def test_what_no_allow_takes_is_refused() -> None:
    assert _sources(ALLOW_WEB) == [
        {"name": "web", "action": "allow"},
        {"name": "*", "action": "deny"},
    ]


@pytest.mark.parametrize("rules", [(ALLOW_WEB, DENY_ALL), (DENY_ALL, ALLOW_WEB)])
def test_a_deny_of_everyone_wins_over_the_allow_of_one(rules: tuple[dict[str, Any], ...]) -> None:
    assert {each["action"] for each in _sources(*rules)} == {"deny"}


def test_denied_requests_stand_before_those_that_are_allowed() -> None:
    sources = _sources(
        {"action": "allow", "from": [{"identity": "web"}], "to": [{"methods": ["GET"]}]},
        {"action": "deny", "to": [{"paths": ["/admin*"]}]},
    )
    assert sources == [
        {
            "name": "web",
            "permissions": [
                {"action": "deny", "http": {"pathPrefix": "/admin"}},
                {"action": "allow", "http": {"methods": ["GET"]}},
                {"action": "deny", "http": {"pathPrefix": "/"}},
            ],
        },
        {"name": "*", "action": "deny"},
    ]


def test_a_deny_alone_opens_nothing() -> None:
    assert _sources({"action": "deny", "from": [{"identity": "web"}]}) == [
        {"name": "web", "action": "deny"}
    ]
    (source,) = _sources({"action": "deny", "to": [{"paths": ["/x"]}]})
    assert source["permissions"] == [{"action": "deny", "http": {"pathExact": "/x"}}]


def test_a_deny_for_all_services_holds_at_each_that_has_rules_of_its_own() -> None:
    deny = behaviour("access", {"action": "deny", "from": [{"identity": "web"}]}, target="*")
    allow = behaviour("access", ALLOW_WEB, name="may")
    found = rendered(deny, allow)
    assert named(found.objects, "ServiceIntentions", "all")["destination"] == {"name": "*"}
    sources = named(found.objects, "ServiceIntentions", "api")["sources"]
    assert sources[0] == {"name": "web", "action": "deny"}


def test_conditions_on_requests_of_all_services_stand_at_each_that_speaks_http() -> None:
    params = {"action": "deny", "to": [{"paths": ["/admin"]}]}
    objects, outcome = one("access", params, target="*")
    intentions = [each["spec"] for each in objects if each["kind"] == "ServiceIntentions"]
    assert [each["destination"]["name"] for each in intentions] == ["api", "cart", "web"]
    assert any(note.startswith("db speaks tcp") for note in outcome.notes)
    objects, outcome = one("access", params, target="*", services=())
    assert (objects, outcome.fidelity) == ([], Fidelity.UNSUPPORTED)


def test_callers_of_a_namespace() -> None:
    params = {"action": "allow", "from": [{"namespace": "front"}]}
    assert _sources(params)[0] == {"name": "web", "action": "allow"}
    assert _sources(params, version=ENTERPRISE)[0] == {
        "name": "*",
        "namespace": "front",
        "action": "allow",
    }


def test_the_namespace_of_a_caller_is_told_as_lost_or_named_to_enterprise() -> None:
    params = {"action": "allow", "from": [{"identity": "web", "namespace": "front"}]}
    _, outcome = one("access", params)
    assert outcome.fidelity is Fidelity.APPROXIMATE
    assert any(note.startswith("namespace front of web (from)") for note in outcome.notes)
    assert _sources(params, version=ENTERPRISE) == [
        {"name": "web", "namespace": "front", "action": "allow"},
        {"name": "*", "namespace": "*", "action": "deny"},
    ]


def test_a_deny_of_a_namespace_wins_over_the_allow_of_one_of_its_services() -> None:
    own, front = ({"action": "deny", "from": [{"namespace": each}]} for each in ("shop", "front"))
    cart = {"action": "allow", "from": [{"identity": "cart"}]}
    web = {"action": "allow", "from": [{"identity": "web", "namespace": "front"}]}
    for deny, allow in ((own, cart), (front, web)):
        sources = _sources(deny, allow, version=ENTERPRISE)
        assert {each["action"] for each in sources} == {"deny"}
    sources = _sources(front, cart, version=ENTERPRISE)
    assert {"name": "cart", "action": "allow"} in sources


def test_identities_by_spiffe() -> None:
    callers = [
        {"identity": "spiffe://cluster.local/ns/front/sa/web-runner"},
        {"identity": "spiffe://0b.consul/ns/default/dc/dc1/svc/cart"},
    ]
    sources = _sources({"action": "allow", "from": callers})
    assert [each["name"] for each in sources] == ["web", "cart", "*"]


@pytest.mark.parametrize(
    "params",
    [
        {"action": "allow", "claims": {"role": "admin"}},
        {"action": "allow", "from": [{"cidr": "10.0.0.0/8"}]},
        {"action": "allow", "to": [{"ports": [9999]}]},
        {"action": "allow", "from": [{"namespace": "nobody"}]},
        {"action": "audit"},
    ],
)
def test_what_intentions_cannot_say_is_refused_and_opens_nothing(params: dict[str, Any]) -> None:
    objects, outcome = one("access", params)
    assert (objects, outcome.fidelity) == ([], Fidelity.UNSUPPORTED)


def test_the_gateway_may_call_what_it_leads_to_and_shuts_nobody_out() -> None:
    objects, _ = one("ingress", {"hosts": ["shop.example.com"]}, name="door")
    assert named(objects, "ServiceIntentions", "api")["sources"] == [
        {"name": "door", "action": "allow"}
    ]
    found = rendered(
        behaviour("ingress", {}, name="door"), behaviour("access", ALLOW_WEB, name="may")
    )
    sources = named(found.objects, "ServiceIntentions", "api")["sources"]
    assert [(each["name"], each["action"]) for each in sources] == [
        ("door", "allow"),
        ("web", "allow"),
        ("*", "deny"),
    ]


def test_egress_is_a_destination_for_each_port_behind_the_gateway() -> None:
    params = {"hosts": ["db.example.com"], "cidrs": ["203.0.113.7/32"], "ports": [443, 5432]}
    objects, _ = one("egress", params, name="out")
    assert named(objects, "TerminatingGateway", "terminating-gateway")["services"] == [
        {"name": "out-443"},
        {"name": "out-5432"},
    ]
    assert named(objects, "ServiceDefaults", "out-5432") == {
        "protocol": "tcp",
        "destination": {"addresses": ["db.example.com", "203.0.113.7"], "port": 5432},
    }
    assert named(objects, "ServiceIntentions", "out-443")["sources"] == [
        {"name": "api", "action": "allow"}
    ]
    mesh = named(objects, "Mesh", "mesh")
    assert mesh == {"transparentProxy": {"meshDestinationsOnly": True}}


def test_what_others_put_into_shared_lists_is_kept() -> None:
    other = {"name": "db", "connectTimeoutMs": 9}
    old = {"name": "api", "connectTimeoutMs": 1}
    live = {
        "apiVersion": "consul.hashicorp.com/v1alpha1",
        "kind": "ServiceDefaults",
        "metadata": {"name": "web", "namespace": "front"},
        "spec": {"upstreamConfig": {"overrides": [old, other]}},
    }
    place = world(callers={"shop/api": ("front/web",)}, live=(live,))
    found = MESH.render([parse_behaviour(behaviour("limits", {"maxConnections": 1}))], place)
    overrides = named(found.objects, "ServiceDefaults", "web")["upstreamConfig"]["overrides"]
    assert overrides == [{"name": "api", "limits": {"maxConnections": 1}}, other]


def test_nearness_takes_enterprise_and_failover_does_not() -> None:
    _, outcome = one("locality", {})
    assert outcome.fidelity is Fidelity.UNSUPPORTED
    objects, _ = one("locality", {"failover": [{"from": "dc1", "to": "dc2"}]}, version=ENTERPRISE)
    assert named(objects, "ServiceResolver", "api") == {
        "prioritizeByLocality": {"mode": "failover"},
        "failover": {"*": {"targets": [{"datacenter": "dc2"}]}},
    }
