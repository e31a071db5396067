"""One behaviour of each neutral kind, such as people write them: what a check has rendered."""

from typing import Any

from meshery.behaviours.document import parse_behaviour
from meshery.behaviours.model import Behaviour
from meshery.behaviours.rendering import Service, ServicePort, World

PARAMS: dict[str, dict[str, Any]] = {
    "retry": {"attempts": 3, "perTryTimeout": "250ms", "budget": {"ratio": 20}},
    "timeout": {"request": "2s", "idle": "1m"},
    "limits": {"maxConnections": 100, "maxPending": 10},
    "ejection": {"consecutiveErrors": 5, "interval": "10s"},
    "trip": {"errorRatio": 50, "openFor": "30s"},
    "split": {"backends": [{"subset": "v1", "weight": 90}, {"subset": "v2", "weight": 10}]},
    "mirror": {"to": {"subset": "v2"}, "percent": 10},
    "fault": {"delay": {"duration": "200ms", "percent": 5}},
    "ratelimit": {"requests": 100, "per": "second"},
    "mtls": {"mode": "strict"},
    "access": {"action": "deny", "from": [{"namespace": "elsewhere"}]},
    "route": {"match": {"path": {"prefix": "/v2"}}, "backends": [{"subset": "v2"}]},
    "egress": {"hosts": ["api.example.com"], "ports": [443]},
    "ingress": {"hosts": ["shop.example.com"]},
    "locality": {},
}


def sample_behaviours() -> list[Behaviour]:
    """A behaviour of each kind, for the service `api` of `sample_world`."""
    return [
        parse_behaviour({"name": f"check-{kind}", "kind": kind, "target": "api", "params": params})
        for kind, params in PARAMS.items()
    ]


def sample_world(version: str) -> World:
    """A place with two services, one of which calls the other."""
    return World(
        version=version,
        namespace="shop",
        services=tuple(
            Service(
                name,
                "shop",
                ports=(ServicePort(8080, "http"),),
                labels={"app": name},
                subsets={each: {"version": each} for each in ("v1", "v2")},
                account=name,
            )
            for name in ("api", "web")
        ),
        callers={"shop/api": ("shop/web",)},
    )
