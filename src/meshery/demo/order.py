"""What may be ordered as a demo: the body of `POST /api/demo`. Every field may be left out.

{"sandbox": "shop", "source": "web", "destination": "api", "rate_rps": 1000,
 "duration": "10s", "function_duration": "5s"}
"""

from meshery.core.yamlfile import parse_yaml
from meshery.demo.model import DemoRequest
from meshery.sandbox.reading import Fields

_SHORTEST_MS = 1_000.0
_LONGEST_MS = 600_000.0


def parse_order(raw: bytes) -> DemoRequest:
    """Read a body. InvalidInputError with every fault and its line."""
    fields = Fields.of(parse_yaml(raw.strip() or b"{}", source="the request"))
    fields.only("sandbox", "source", "destination", "rate_rps", "duration", "function_duration")
    default = DemoRequest()
    request = DemoRequest(
        sandbox=fields.text("sandbox", default.sandbox),
        source=fields.text("source", default.source),
        destination=fields.text("destination", default.destination),
        rate_rps=fields.number("rate_rps", default.rate_rps, low=10, high=1e6),
        duration_s=_seconds(fields, "duration", default.duration_s),
        function_duration_s=_seconds(fields, "function_duration", default.function_duration_s),
    )
    fields.finish("the request", code="meshery.demo.order")
    return request


def _seconds(fields: Fields, key: str, default_s: float) -> float:
    value = fields.duration_ms(key, default_s * 1000)
    if not _SHORTEST_MS <= value <= _LONGEST_MS:
        fields.fault(key, "must lie between 1s and 10m")
    return value / 1000
