"""The document that `mesheryctl demo -o json` promises; keys are only ever added to it."""

from typing import Any

Shape = Any

_INTERVAL: Shape = {"value": float, "low": float, "high": float}
_DELTAS: Shape = {"p50": _INTERVAL, "p90": _INTERVAL, "p99": _INTERVAL}
_ARM: Shape = {"requests": int, "errors": int, "p50_us": float, "p90_us": float, "p99_us": float}
SHAPE: Shape = {
    "schema": str,
    "sandbox": {"services": int, "sidecars": int, "ready_s": float},
    "overhead": {
        "validity": str,
        "reasons": [str],
        "rate_rps": float,
        "path": str,
        "hops": int,
        "arms": {"off": _ARM, "on": _ARM, "null": _ARM},
        "delta_us": _DELTAS,
        "null_delta_us": _DELTAS,
        "proxy": {"cpu_us_per_request": float, "memory_mb": float},
        "functions": [
            {
                "name": str,
                "delta_us": _DELTAS,
                "cpu_us_per_request": _INTERVAL,
                "distinguishable": bool,
            }
        ],
    },
    "behaviours": [
        {"kind": str, "expected": dict, "observed": dict, "samples": int, "passed": bool}
    ],
    "duration_s": float,
    "url": str,
}


def misfits(document: Any, shape: Shape = SHAPE, path: str = "") -> list[str]:
    """Where a document does not have the promised shape; more keys are welcome."""
    if isinstance(shape, dict):
        if not isinstance(document, dict):
            return [f"{path} is no object"]
        missing = [f"{path}.{key} is missing" for key in shape if key not in document]
        return missing + [
            fault
            for key in shape
            if key in document
            for fault in misfits(document[key], shape[key], f"{path}.{key}")
        ]
    if isinstance(shape, list):
        if not isinstance(document, list):
            return [f"{path} is no list"]
        return [
            fault
            for place, item in enumerate(document)
            for fault in misfits(item, shape[0], f"{path}[{place}]")
        ]
    wanted = (int, float) if shape is float else shape
    is_right = isinstance(document, wanted) and (shape is bool or not isinstance(document, bool))
    return [] if is_right else [f"{path} is {document!r}, not {shape.__name__}"]
