"""`mesheryctl mesh`: which meshes run in the connected clusters, and which there are at all."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from meshery.client.options import output_option, page_options, pass_client

if TYPE_CHECKING:
    from meshery.client.http import ServerClient

BASE = "/api/meshes"
Row = Mapping[str, Any]
_FIELDS = (
    *("name", "title", "build", "version", "namespace", "state", "watch", "confidence"),
    *("revisions", "mesh_id", "trust_domain", "network", "zone", "zone_role"),
    *("certificate_expires_at", "read_at"),
)
_COUNTS = (
    *("proxies", "sidecars", "native_sidecars", "ambient", "gateways", "node_proxies"),
    *("control_plane_proxies", "workloads", "meshed", "eligible", "coverage"),
)
_PLANES = (
    *("name", "namespace", "component", "version", "revision", "health", "ready", "desired"),
    "certificate_expires_at",
)
_SECTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("control planes", "control_planes", _PLANES),
    ("node agents", "data_planes.node_agents", ("name", "role", "version", "ready", "desired")),
    ("peers", "peers", ("name", "via", "state", "object")),
    (
        "skewed proxies",
        "data_planes.skewed",
        ("namespace", "workload", "pod", "version", "expected", "revision"),
    ),
    (
        "pods without proxy",
        "data_planes.not_injected",
        ("namespace", "workload", "pod", "eligible", "reason", "message"),
    ),
    ("add-ons", "add_ons", ("name", "namespace", "version", "health", "service", "port")),
    ("evidence", "evidence", ("type", "object", "value", "weight")),
)
_FACTS = ("text", "as_of", "source")


@click.group()
def mesh() -> None:
    """Service meshes: list, view, landscape."""


@mesh.command("list")
@click.option("--kube-context", "clusters", multiple=True, metavar="NAME", help="May be repeated.")
@page_options
@output_option
@pass_client
def list_meshes(
    client: "ServerClient", *, clusters: tuple[str, ...], output: str, **page: Any
) -> None:
    """Show the meshes that run in the connected clusters, found by evidence."""
    from meshery.client.output import Column, emit

    filters = {"cluster": list(clusters)} if clusters else {}
    columns = (
        *("name", "version", "build", "namespace", "state"),
        Column("PROXIES", "data_planes.proxies", right=True),
        Column("MESHED", _coverage, right=True),
        Column("SKEWED", lambda row: len(row["data_planes"]["skewed"]), right=True),
        Column("CERTIFICATE", _expiry),
        Column("PROJECT", "standing"),
        "watch",
    )
    emit(client.get(BASE, **filters, **page), output, columns=columns)


@mesh.command("view")
@click.argument("name")
@output_option
@pass_client
def view(client: "ServerClient", *, name: str, output: str) -> None:
    """Show the mesh NAME: CLUSTER/MESH, its id, or MESH where only one cluster has it."""
    from urllib.parse import quote

    from meshery.client.output import emit

    found = client.get(f"{BASE}/{quote(name)}")
    if output != "table":
        emit(found, output)
        return
    rows = [{"field": field, "value": found[field]} for field in _FIELDS if found[field] != ""]
    rows += [{"field": field, "value": found["data_planes"][field]} for field in _COUNTS]
    rows += [{"field": "note", "value": note} for note in found["notes"]]
    rows += [{"field": "advice", "value": found["advice"]["text"]}] if found["advice"] else []
    emit(rows, output, columns=("field", "value"))
    for title, path, columns in _SECTIONS:
        _section(title, _at(found, path), columns)


@mesh.command("landscape")
@click.argument("name", required=False)
@output_option
@pass_client
def landscape(client: "ServerClient", *, name: str | None, output: str) -> None:
    """Show every mesh there is or was, or all that is known of the mesh NAME."""
    from meshery.client.output import Column, emit

    document = client.get(f"{BASE}/landscape")
    if name is None:
        here = Column("HERE", lambda row: ", ".join(each["name"] for each in row["found"]))
        columns = ("name", "standing", Column("RELEASE", _release), here)
        emit(document, output, columns=columns)
        return
    found = _entry(document["items"], name)
    if output != "table":
        emit(found, output)
        return
    parts = ("state", "version", "upgrade", "uninstall", "advice")
    facts = [{"about": part, **found[part]} for part in parts if found[part]]
    facts += [{"about": "strength", **each} for each in found["strengths"]]
    emit(facts, output, columns=("about", *_FACTS))
    _section("supports", found["supports"], ("feature", "support", "note", "as_of", "source"))
    _section("found here", found["found"], ("name", "namespace", "state", "version", "proxies"))
    _section("left behind", found["leftovers"], ("cluster", "type", "objects"))


def _entry(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    from meshery.core.errors import NotFoundError

    found = next((each for each in items if each["name"] == name), None)
    if found is None:
        known = ", ".join(sorted(each["name"] for each in items))
        raise NotFoundError(f"the landscape has no mesh {name!r}", remedy=f"choose one of {known}")
    return found


def _section(title: str, rows: list[dict[str, Any]], columns: tuple[str, ...]) -> None:
    from meshery.client.output import emit, emit_text

    if rows:
        emit_text(f"\n{title}")
        emit(rows, columns=columns)


def _at(document: Any, path: str) -> Any:
    for part in path.split("."):
        document = document[part]
    return document


def _coverage(row: Row) -> str:
    planes = row["data_planes"]
    return f"{planes['meshed']}/{planes['eligible']}"


def _expiry(row: Row) -> str:
    return str(row["certificate_expires_at"]).partition("T")[0]


def _release(row: Row) -> str:
    return str(row["version"]["text"]) if row["version"] else ""
