"""`mesheryctl discovery`: what is in the connected clusters, and how the watch of them stands."""

import time
from typing import TYPE_CHECKING, Any

import click

from meshery.client.options import output_option, page_options, pass_client

if TYPE_CHECKING:
    from meshery.client.http import ServerClient

BASE = "/api/discovery"
_RESOURCES = ("kind", "namespace", "name", "cluster", "api_version", "created_at", "id")
_STATUS = ("cluster", "state", "version", "objects", "watcher", "reported_at", "cluster_id")
_KINDS = ("cluster", "resource", "state", "objects", "lag_s", "synced_at", "error")
_LOOK_S = 1.0


@click.group()
def discovery() -> None:
    """What is in the clusters: status, resync, resources, watch."""


@discovery.command("status")
@click.option("--kinds", is_flag=True, help="Show every kind that is watched.")
@output_option
@pass_client
def status(client: "ServerClient", *, kinds: bool, output: str) -> None:
    """Show how the watch of each cluster stands."""
    from meshery.client.output import emit

    clusters = client.get(f"{BASE}/status")["items"]
    if not kinds:
        emit(clusters, output, columns=_STATUS)
        return
    rows = [
        {"cluster": each["cluster"], "name": kind["resource"], **kind}
        for each in clusters
        for kind in each["kinds"]
    ]
    emit(rows, output, columns=_KINDS)


@discovery.command("resync")
@click.option("--kube-context", "clusters", multiple=True, metavar="NAME", help="May be repeated.")
@output_option
@pass_client
def resync(client: "ServerClient", *, clusters: tuple[str, ...], output: str) -> None:
    """Read everything in the clusters again, all of them by default."""
    from meshery.client.output import emit

    known = client.get(f"{BASE}/status")["items"]
    ids = [_cluster_id(known, name) for name in clusters]
    asked = client.post(f"{BASE}/resync", params={"cluster_id": ids})["clusters"]
    emit([each for each in known if each["cluster_id"] in asked], output, columns=_STATUS)


@discovery.command("resources")
@click.option("--kind", default="", metavar="KIND", help="Such as Pod.")
@click.option("-n", "--namespace", default="", metavar="NAME")
@click.option("-l", "--label", "labels", multiple=True, metavar="KEY=VALUE", help="Repeatable.")
@click.option("--kube-context", "cluster", default="", metavar="NAME", help="Of this cluster only.")
@click.argument("resource_id", required=False)
@page_options
@output_option
@pass_client
def resources(
    client: "ServerClient",
    *,
    kind: str,
    namespace: str,
    labels: tuple[str, ...],
    cluster: str,
    resource_id: str | None,
    output: str,
    **page: Any,
) -> None:
    """List objects of all clusters, or show the one called RESOURCE_ID whole."""
    from meshery.client.output import emit

    if resource_id:
        found = client.get(f"{BASE}/resources/{resource_id}")
        emit(found["document"] if output == "yaml" else found, output, columns=_RESOURCES)
        return
    wanted: dict[str, Any] = {"kind": kind, "namespace": namespace, "label": list(labels)}
    if cluster:
        wanted["cluster_id"] = _cluster_id(client.get(f"{BASE}/status")["items"], cluster)
    filters = {name: value for name, value in wanted.items() if value}
    emit(client.get(f"{BASE}/resources", **filters, **page), output, columns=_RESOURCES)


@discovery.command("watch")
@click.option("--kind", default="", metavar="KIND", help="Such as Pod.")
@click.option("-n", "--namespace", default="", metavar="NAME")
@pass_client
def watch(client: "ServerClient", *, kind: str, namespace: str) -> None:
    """Print objects as they come, change and go; end it with Ctrl-C."""
    after: int | None = None
    while True:
        found = client.get(f"{BASE}/changes", kind=kind, namespace=namespace, after=after)
        after = found["next"]
        for change in found["items"]:
            place = "/".join(part for part in (change["namespace"], change["name"]) if part)
            click.echo(f"{change['at']}  {change['event']:<8}  {change['kind']}  {place}")
        time.sleep(_LOOK_S)


def _cluster_id(known: list[dict[str, Any]], name: str) -> str:
    """The cluster of this name or id."""
    from meshery.core.errors import NotFoundError

    for each in known:
        if name in (each["cluster"], each["cluster_id"]):
            return str(each["cluster_id"])
    raise NotFoundError(
        f"no cluster {name!r} is known",
        cause="known: " + (", ".join(each["cluster"] for each in known) or "none"),
        remedy="connect it: mesheryctl kubernetes connect --kubeconfig FILE",
    )
