"""What the original's Istio-like adapters configured of Book Info: ids and texts to the letter.

They were Istio samples of 2019 with the group renamed; here they are neutral behaviours, which a
mesh's renderer makes objects of.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from meshery.adapters.draft import Object
from meshery.adapters.mesh import Operation
from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.rendering import Renderer, World

Documents = Sequence[Mapping[str, Any]]

_SERVICES = ("productpage", "reviews", "ratings", "details")
_JASON = {"headers": [{"name": "end-user", "exact": "jason"}]}


def _split(service: str, **weights: int) -> Mapping[str, Any]:
    backends = [{"subset": subset, "weight": weight} for subset, weight in weights.items()]
    return {
        "name": f"{service}-versions",
        "kind": "split",
        "target": service,
        "params": {"backends": backends},
    }


def _to_jason(service: str, subset: str) -> Mapping[str, Any]:
    params = {"match": _JASON, "backends": [{"subset": subset}]}
    return {"name": f"{service}-jason", "kind": "route", "target": service, "params": params}


def _fault(**fault: Any) -> Mapping[str, Any]:
    params = {**fault, "match": _JASON}
    return {"name": "ratings-fault", "kind": "fault", "target": "ratings", "params": params}


_ALL_V1 = tuple(_split(service, v1=1) for service in _SERVICES)
_ONE_CONNECTION = {"maxConnections": 1, "maxPending": 1, "perConnectionRequests": 1}


def _breaker(service: str, **ejection: Any) -> Documents:
    own = {"kind": "limits", "target": service, "params": _ONE_CONNECTION}
    out = {"kind": "ejection", "target": service, "params": ejection}
    return ({"name": f"{service}-pool", **own}, {"name": f"{service}-ejection", **out})


_QUICK = {"consecutiveErrors": 1, "interval": "1s", "baseEjection": "3m", "maxPercent": 100}

CONFIGURATIONS: Mapping[str, tuple[str, Documents]] = {
    "cb1": (
        "Configure circuit breaker with only one connection",
        _breaker("httpbin", **_QUICK),
    ),
    "bookInfoDefaultDestinationRules": (
        "Default Book info destination rules (defines subsets)",
        (
            _split("productpage", v1=1),
            _split("reviews", v1=1, v2=1, v3=1),
            _split("ratings", v1=1, v2=1),
            _split("details", v1=1, v2=1),
        ),
    ),
    "bookInfoRouteToV1AllServices": ("Route traffic to V1 of all Book info services", _ALL_V1),
    "bookInfoRouteToReviewsV2ForJason": (
        "Route traffic to V2 of Book info reviews service for user Jason",
        (_split("reviews", v1=1), _to_jason("reviews", "v2")),
    ),
    "bookInfoCanary50pcReviewsV3": (
        "Route 50% of the traffic to Book info reviews V3",
        (_split("reviews", v1=50, v3=50),),
    ),
    "bookInfoCanary100pcReviewsV3": (
        "Route 100% of the traffic to Book info reviews V3",
        (_split("reviews", v3=100),),
    ),
    "bookInfoInjectDelayForRatingsForJason": (
        "Inject a 7s delay in the traffic to Book info ratings service for user Jason",
        (_fault(delay={"duration": "7s"}),),
    ),
    "bookInfoInjectHTTPAbortToRatingsForJason": (
        "Inject HTTP abort to Book info ratings service for user Jason",
        (_fault(abort={"status": 500}),),
    ),
    "bookInfoProductPageCircuitBreaking": (
        (
            "Configure circuit breaking with max 1 request per connection and max 1 pending "
            "request to Book info productpage service"
        ),
        _breaker("productpage", **_QUICK),
    ),
}


# This one defined subsets and routed nothing.
_ONLY = {"bookInfoDefaultDestinationRules": "DestinationRule"}


def configurations(render: Renderer) -> tuple[Operation, ...]:
    """The operations, whose objects a renderer makes for the place that they are asked for."""
    return tuple(
        Operation(
            key=key,
            text=text,
            category="configure",
            does="manifest",
            manifests=_manifests(render, documents, only=_ONLY.get(key, "")),
        )
        for key, (text, documents) in CONFIGURATIONS.items()
    )


def _manifests(
    render: Renderer, documents: Documents, *, only: str
) -> Callable[[World], Sequence[Object]]:
    def manifests(world: World) -> Sequence[Object]:
        made = render([parse_behaviour(dict(each)) for each in documents], world).objects
        return [each for each in made if only in ("", each["kind"])]

    return manifests
