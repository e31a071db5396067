"""From CPX proxies to Envoy: the control plane stays Istio's, and so do its objects."""

from meshery.meshes.istio_beneath import migrations

MIGRATIONS = migrations(
    ("citrix.com", "netscaler.com"),
    why_lost="NetScaler's own, which no other mesh reads",
    why_istio="it is Istio already, with proxies of another make",
)
