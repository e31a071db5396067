"""EnvoyFilters read back as far as behaviours say the same: local rate limits of one bucket."""

from typing import Any

from meshery.adapters.draft import Object
from meshery.meshes.istio.naming import ROOT_NAMESPACE
from meshery.meshes.istio.notes import Native, own, service_of_labels
from meshery.meshes.istio.rate_limits import PERIODS_S
from meshery.meshes.look import dig, name_of, namespace_of
from meshery.meshes.translation import Translation

_LOCAL = "envoy.filters.http.local_ratelimit"
_TOO_MANY = 429


def read_filter(notes: Translation, made: Object) -> None:
    """The rate limits of one EnvoyFilter; each other patch is told of."""
    labels = (own(made, "workloadSelector") or {}).get("labels") or {}
    target: dict[str, Any] = {"service": "*"}
    if labels:
        found, rest = service_of_labels(labels, made)
        target = dict(found)
        if rest:
            notes.lost(made, f"labels {dict(rest)} are read as the whole service")
    elif namespace_of(made) != ROOT_NAMESPACE:
        target["namespace"] = namespace_of(made)
    patches = own(made, "configPatches") or [{}]
    for patch in patches:
        params = _rate_limit(patch)
        if params is None:
            notes.lost(made, "a patch speaks to Envoy itself; say what it does by a behaviour")
            continue
        port = dig(patch, "match.listener.portNumber")
        place = {**target, "port": port} if port is not None else target
        notes.behaviour(f"{name_of(made)}-ratelimit", "ratelimit", place, params)


def _rate_limit(patch: Native) -> dict[str, Any] | None:
    """Parameters of a limit at inbound requests with one bucket; None for anything else."""
    config = dig(patch, "patch.value.typed_config") or {}
    bucket = config.get("token_bucket") or {}
    seconds = str(bucket.get("fill_interval", "")).removesuffix("s")
    periods = {str(length): name for name, length in PERIODS_S.items()}
    is_plain = (
        dig(patch, "patch.value.name") == _LOCAL
        and dig(patch, "match.context") == "SIDECAR_INBOUND"
        and "descriptors" not in config
        and seconds in periods
    )
    if not is_plain:
        return None
    requests = bucket.get("tokens_per_fill", 1)
    params: dict[str, Any] = {"requests": requests, "per": periods[seconds]}
    if bucket.get("max_tokens", requests) > requests:
        params["burst"] = bucket["max_tokens"] - requests
    status = dig(config, "status.code")
    if status not in {None, _TOO_MANY}:
        params["status"] = status
    return params
