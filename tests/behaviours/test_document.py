from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from meshery.behaviours.describe import parameters_of, summary_of
from meshery.behaviours.document import (
    behaviour_document,
    behaviour_object,
    parse_behaviour,
    parse_behaviour_file,
)
from meshery.behaviours.edge import Egress
from meshery.behaviours.model import PARAMS, Kind
from meshery.behaviours.resilience import Retry, Timeout
from meshery.behaviours.security import Mtls
from meshery.behaviours.traffic import Split
from meshery.core.errors import InvalidInputError
from meshery.core.yamlfile import parse_yaml

GOOD: dict[str, dict[str, Any]] = {
    "retry": {"attempts": 3, "perTryTimeout": "250ms", "on": ["5xx", 503, "unavailable"]},
    "timeout": {"request": "1.5s"},
    "limits": {"maxRequests": 5, "scope": "subset"},
    "ejection": {"consecutiveErrors": 3, "maxPercent": 100, "gatewayErrorsOnly": True},
    "trip": {"errorRatio": 50, "openFor": "1m", "fallback": "api"},
    "split": {"backends": [{"subset": "v1", "weight": 90}, {"subset": "v2", "weight": 10}]},
    "mirror": {"to": {"subset": "v2"}, "percent": 12.5},
    "fault": {"delay": {"duration": "100ms", "percent": 50}, "match": {"method": "GET"}},
    "ratelimit": {"requests": 10, "per": "minute", "keyBy": ["source", "header:x-user"]},
    "mtls": {"mode": "strict"},
    "access": {"action": "allow", "from": [{"identity": "web"}], "to": [{"paths": ["/a*"]}]},
    "route": {
        "match": {"path": {"prefix": "/old"}, "headers": [{"name": "x-user", "exact": "jason"}]},
        "rewrite": {"path": {"prefix": "/new"}},
        "headerOps": {"request": {"set": {"x-a": "1"}, "remove": ["x-b"]}},
        "backends": [{"subset": "v2"}],
    },
    "egress": {"hosts": ["*.example.com"], "ports": [80]},
    "ingress": {"hosts": ["shop.test"], "tls": True, "routes": [{"path": "/", "service": "web"}]},
    "locality": {"mode": "prefer", "failover": [{"from": "a", "to": "b"}]},
}


def document(kind: str, params: Any) -> dict[str, Any]:
    return {"name": f"a-{kind}", "kind": kind, "target": {"service": "api"}, "params": params}


def faults(data: Any) -> dict[str, str]:
    with pytest.raises(InvalidInputError) as caught:
        parse_behaviour(data)
    return {
        problem.path: f"{problem.message} ({problem.hint})" for problem in caught.value.problems
    }


def test_every_kind_has_an_example_here() -> None:
    assert set(GOOD) == set(Kind) == set(PARAMS)


@pytest.mark.parametrize("kind", GOOD)
def test_a_document_is_read_and_written_back(kind: str) -> None:
    behaviour = parse_behaviour(document(kind, GOOD[kind]))
    assert behaviour.kind == kind
    assert parse_behaviour(behaviour_document(behaviour)) == behaviour
    assert parse_behaviour(behaviour_object(behaviour, namespace="shop")) == behaviour


def test_durations_become_milliseconds_and_defaults_are_those_of_the_sheet() -> None:
    retry = parse_behaviour(document("retry", {"perTryTimeout": "1m0.5s"})).params
    assert isinstance(retry, Retry)
    assert (retry.attempts, retry.per_try_timeout_ms) == (2, 60_500.0)
    timeout = parse_behaviour(document("timeout", {"connect": "500us"})).params
    assert timeout == Timeout(connect_ms=0.5)


def test_short_forms() -> None:
    short = {"name": "c", "kind": "canary", "target": "api", "params": GOOD["split"]}
    behaviour = parse_behaviour(short)
    assert behaviour.kind is Kind.SPLIT
    assert behaviour.target.service == "api"
    assert isinstance(behaviour.params, Split)


def test_all_faults_come_at_once_with_lines() -> None:
    text = """\
apiVersion: sandbox.meshery.io/v1
kind: Behaviour
metadata: {name: broken}
spec:
  kind: retry
  target: {service: api, prot: 80}
  params:
    atempts: 3
    perTryTimeout: 5
    on: [never]
    backoff:
      base: 10 apples
"""
    with pytest.raises(InvalidInputError) as caught:
        parse_behaviour_file(parse_yaml(text, source="broken.yaml"))
    found = {problem.path: (problem.line, problem.hint) for problem in caught.value.problems}
    assert found["spec.target.prot"] == (6, "did you mean port?")
    assert found["spec.params.atempts"] == (8, "did you mean attempts?")
    assert found["spec.params.perTryTimeout"] == (9, 'write "5ms" or "5s"')
    assert found["spec.params.backoff.base"][0] == 12
    assert found["spec.params.on[0]"][0] == 10  # YAML 1.1 reads the key `on` as true
    assert len(found) == 5


@pytest.mark.parametrize(
    ("kind", "params", "path", "said"),
    [
        ("split", {"backends": []}, "params.backends", "is empty"),
        ("split", {"backends": [{"subset": "v1", "weight": 0}]}, "params.backends", "no weight"),
        ("split", {"backends": [{"weight": 1}]}, "params.backends[0]", "needs a service"),
        ("split", {"backends": [{"subset": "v1"}] * 2}, "params.backends[1]", "given twice"),
        (
            "fault",
            {"delay": {"duration": "1s", "percent": 101}},
            "params.fault",
            "between 0 and 100",
        ),
        ("fault", {}, "params", "says nothing"),
        ("fault", {"abort": {}}, "params.abort", "exactly one of status, grpcStatus"),
        ("mirror", {"to": {"subset": "v2"}, "percent": -1}, "params.percent", "between 0 and 100"),
        ("retry", {"on": ["5xx", "oops"]}, "params.on[1]", "'oops' is no condition"),
        ("retry", {"attempts": 0}, "params.attempts", "between 1 and 100"),
        ("retry", {"attempts": True}, "params.attempts", "a truth value"),
        ("timeout", {}, "params", "says nothing"),
        ("limits", {"scope": "target"}, "params", "says nothing"),
        ("ejection", {"maxPercent": 0}, "params.maxPercent", "never eject"),
        ("trip", {"count": 1, "errorRatio": 2}, "params", "exactly one"),
        ("ratelimit", {}, "params.requests", "is missing"),
        ("ratelimit", {"requests": 1, "keyBy": ["ip"]}, "params.keyBy[0]", "'ip' is no key"),
        ("mtls", {"mode": "strikt"}, "params.mode", "did you mean strict?"),
        ("access", {"action": "allow", "from": [{}]}, "params.from[0]", "says nothing"),
        ("access", {"action": "deny", "to": [{"paths": ["a"]}]}, "params.to[0].paths[0]", "begin"),
        (
            "access",
            {"action": "deny", "from": [{"cidr": "1.2.3"}]},
            "params.from[0].cidr",
            "network",
        ),
        (
            "route",
            {"match": {"path": {"exact": "/a", "prefix": "/"}}},
            "params.match.path",
            "exactly",
        ),
        ("route", {"match": {"path": {"regex": "("}}}, "params.match.path.regex", "no regular"),
        ("route", {"match": {"path": {"regex": "(?=a)"}}}, "params.match.path.regex", "RE2"),
        ("route", {"rewrite": {"path": {"prefix": "/b"}}}, "params.match.path", "prefix"),
        (
            "route",
            {"match": {"headers": [{"name": "a b"}]}},
            "params.match.headers[0].name",
            "no name",
        ),
        (
            "route",
            {"headerOps": {"request": {"set": {"Host": "a"}}}},
            "params.headerOps.request.set",
            "rewrite.host",
        ),
        (
            "route",
            {"headerOps": {"response": {"remove": [":status"]}}},
            "params.headerOps.response.remove",
            "no name",
        ),
        (
            "route",
            {"headerOps": {"request": {"add": {"a": "x\r\ny"}}}},
            "params.headerOps.request.add.a",
            "no header may",
        ),
        ("route", {"redirect": {"status": 200}}, "params.redirect.status", "one of 301"),
        ("egress", {}, "params", "says nothing"),
        ("egress", {"hosts": ["http://a"]}, "params.hosts[0]", "is no host"),
        ("ingress", {"routes": [{"path": "x"}]}, "params.routes[0].path", "begin with /"),
    ],
)
def test_what_cannot_be_is_refused(kind: str, params: Any, path: str, said: str) -> None:
    if path == "params.fault":
        path = "params.delay.percent"
    found = faults(document(kind, params))
    assert said in found[path]


def test_shapes_that_are_no_behaviour() -> None:
    assert "must be a mapping" in faults(["a"])[""]
    assert set(faults({"kind": "retry"})) == {"name", "target"}
    assert "did you mean retry?" in faults({"name": "a", "kind": "rerty", "target": "b"})["kind"]
    found = faults({"apiVersion": "v1", "kind": "Pod", "metadata": {}})
    assert set(found) >= {"apiVersion", "kind", "spec", "metadata.name"}


def test_what_only_fits_one_service() -> None:
    everywhere = {**document("split", GOOD["split"]), "target": "*"}
    assert "one service" in faults(everywhere)["target.service"]
    assert isinstance(
        parse_behaviour({**document("egress", GOOD["egress"]), "target": "*"}).params, Egress
    )


def test_every_kind_describes_itself() -> None:
    for kind in Kind:
        assert summary_of(kind).endswith(".")
        assert {name.name for name in parameters_of(kind)} >= set(GOOD[kind])
    assert {"duration"} == {each.type for each in parameters_of(Kind.TIMEOUT)}


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["on", "to", "match", "percent", "x"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(kind=st.sampled_from([*Kind, "odd"]), params=_JSON, target=_JSON)
def test_nonsense_is_refused_or_read_but_never_crashes(kind: str, params: Any, target: Any) -> None:
    with suppress(InvalidInputError):
        behaviour = parse_behaviour({"name": "n", "kind": kind, "target": target, "params": params})
        assert parse_behaviour(behaviour_document(behaviour)) == behaviour


def test_a_bare_off_is_the_word_though_yaml_takes_it_for_false() -> None:
    text = "name: x\nkind: mtls\ntarget: api\nparams: {mode: off}\n"
    assert parse_behaviour_file(parse_yaml(text, source="x")).params == Mtls(mode="off")
