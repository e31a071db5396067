"""AWS App Mesh: virtual nodes, routers, services and gateways, as its controller took them.

The service ended on 2026-09-30: its API is gone, no controller can carry anything out. So nothing
is installed, and these operations of the original are left out: `app_mesh` (a controller that
reaches no API never becomes ready), `label-namespace` (an injected proxy would wait for its
configuration for ever; `mesh uninject` takes it out), `appmesh-prometheus-addon` and
`appmesh-grafana-addon` (they would watch nothing), `smi_conformance` (it never took SMI).
What is rendered shows what an object stood for: for reading an old installation, and for leaving.
"""
