"""The command line of each component of a control plane."""

from collections.abc import Sequence
from pathlib import Path

from meshery.kube.local.binaries import API_SERVER, CONTROLLERS, ETCD, KWOK, SCHEDULER, Binaries
from meshery.kube.local.options import Layout, PlaneOptions, Ports

STAGES = Path(__file__).parent / "stages"
"""How kwok plays nodes and pods: one file a stage."""


def argv_of(
    component: str, *, binaries: Binaries, layout: Layout, ports: Ports, options: PlaneOptions
) -> Sequence[str]:
    """The whole command of a component; UnsupportedError when its program is missing."""
    flags = {
        ETCD: lambda: _etcd(layout, ports),
        API_SERVER: lambda: _api_server(layout, ports, options),
        CONTROLLERS: lambda: _controllers(layout),
        SCHEDULER: lambda: _scheduler(layout),
        KWOK: lambda: _kwok(layout),
    }[component]()
    return (str(binaries.path(component)), *flags)


def _etcd(layout: Layout, ports: Ports) -> list[str]:
    return [
        "--name=local",
        f"--data-dir={layout.etcd_data}",
        f"--listen-client-urls={ports.etcd_url}",
        f"--advertise-client-urls={ports.etcd_url}",
        f"--listen-peer-urls={ports.etcd_peer_url}",
        f"--initial-advertise-peer-urls={ports.etcd_peer_url}",
        f"--initial-cluster=local={ports.etcd_peer_url}",
        # A throw-away store: it need not outlive the machine, only its own process.
        "--unsafe-no-fsync",
    ]


def _api_server(layout: Layout, ports: Ports, options: PlaneOptions) -> list[str]:
    keys = layout.certificates
    # Accounts of namespaces are made by a controller; without it no pod would ever be admitted.
    without = ["--disable-admission-plugins=ServiceAccount"] if options.is_api_only else []
    return [
        f"--etcd-servers={ports.etcd_url}",
        f"--tls-cert-file={keys / 'server.crt'}",
        f"--tls-private-key-file={keys / 'server.key'}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={ports.api}",
        # A loopback address is no valid endpoint: nothing to publish for `kubernetes`.
        "--endpoint-reconciler-type=none",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={keys / 'accounts.key'}",
        f"--service-account-signing-key-file={keys / 'accounts.key'}",
        "--authorization-mode=RBAC",
        f"--token-auth-file={layout.tokens}",
        f"--service-cluster-ip-range={options.service_range}",
        "--allow-privileged",
        *without,
    ]


def _controllers(layout: Layout) -> list[str]:
    return [
        f"--kubeconfig={layout.kubeconfig}",
        f"--service-account-private-key-file={layout.certificates / 'accounts.key'}",
        f"--root-ca-file={layout.authority}",
        "--use-service-account-credentials",
        "--leader-elect=false",
        "--secure-port=0",
        # The usual 20 requests a second make the start of all controllers take 3 s longer.
        "--kube-api-qps=1000",
        "--kube-api-burst=1000",
    ]


def _scheduler(layout: Layout) -> list[str]:
    return [f"--kubeconfig={layout.kubeconfig}", "--leader-elect=false", "--secure-port=0"]


def _kwok(layout: Layout) -> list[str]:
    stages = [f"--config={file}" for file in sorted(STAGES.glob("*.yaml"))]
    return [
        f"--kubeconfig={layout.kubeconfig}",
        "--manage-all-nodes=true",
        "--node-ip=127.0.0.1",
        # Without leases the controllers take a node for lost after 50 s.
        "--node-lease-duration-seconds=40",
        *stages,
    ]
