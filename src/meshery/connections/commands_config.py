"""`mesheryctl system config`: connect a managed cluster through its vendor's own command line."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from meshery.client.options import current_invocation, output_option

if TYPE_CHECKING:
    from meshery.client.http import ServerClient
    from meshery.connections.vendor import Vendor
    from meshery.kube.access import Access

_ROLE = "cluster-admin"


@click.group("config")
def config() -> None:
    """Connect a managed cluster: AKS, EKS, GKE, minikube."""


def _common(function: Any) -> Any:
    for option in (
        output_option,
        click.option("--dry-run", is_flag=True, help="Show what would be connected."),
        click.option(
            "--cluster-role",
            default=_ROLE,
            show_default=True,
            help="What Meshery's ServiceAccount may do, where one is made.",
        ),
    ):
        function = option(function)
    return function


@config.command()
@click.option("--name", required=True, help="The cluster.")
@click.option("--resource-group", required=True, help="Its resource group.")
@click.option("--subscription", default="", help="Its subscription (default: the CLI's own).")
@click.option("--admin", is_flag=True, help="Log in as the cluster's administrator.")
@_common
def aks(*, name: str, resource_group: str, subscription: str, admin: bool, **rest: Any) -> None:
    """Azure: az aks get-credentials."""
    from meshery.connections.vendor import AKS

    words = ["aks", "get-credentials", "--name", name, "--resource-group", resource_group]
    words += ["--subscription", subscription] if subscription else []
    words += ["--admin"] if admin else []
    _connect(AKS, [*words, "--overwrite-existing"], flag="--file", **rest)


@config.command()
@click.option("--name", required=True, help="The cluster.")
@click.option("--region", default="", help="Its region (default: the CLI's own).")
@click.option("--profile", default="", help="The CLI's profile to use.")
@_common
def eks(*, name: str, region: str, profile: str, **rest: Any) -> None:
    """Amazon: aws eks update-kubeconfig."""
    from meshery.connections.vendor import EKS

    words = ["eks", "update-kubeconfig", "--name", name]
    words += ["--region", region] if region else []
    words += ["--profile", profile] if profile else []
    _connect(EKS, words, flag="--kubeconfig", **rest)


@config.command()
@click.option("--name", required=True, help="The cluster.")
@click.option("--location", required=True, help="Its zone or region.")
@click.option("--project", default="", help="Its project (default: the CLI's own).")
@_common
def gke(*, name: str, location: str, project: str, **rest: Any) -> None:
    """Google: gcloud container clusters get-credentials."""
    from meshery.connections.vendor import GKE

    words = ["container", "clusters", "get-credentials", name, "--location", location]
    words += ["--project", project] if project else []
    _connect(GKE, words, **rest)


@config.command()
@click.option("--profile", default="minikube", show_default=True, help="The minikube to connect.")
@_common
def minikube(*, profile: str, **rest: Any) -> None:
    """A minikube of this machine: minikube update-context."""
    from meshery.connections.vendor import MINIKUBE

    _connect(MINIKUBE, ["update-context", "--profile", profile], **rest)


def _connect(
    vendor: "Vendor",
    words: list[str],
    *,
    cluster_role: str,
    dry_run: bool,
    output: str,
    flag: str = "",
) -> None:
    """Run the vendor's program, flatten what it wrote, and send it."""
    import msgspec

    from meshery.connections.flatten import flatten
    from meshery.connections.sending import send, show
    from meshery.connections.vendor import private_kubeconfig, run_program
    from meshery.kube.kubeconfig import read_kubeconfigs

    with current_invocation().connect() as client, private_kubeconfig() as file:
        run_program(vendor, [*words, *([flag, str(file)] if flag else [])], kubeconfig=file)
        found = flatten(read_kubeconfigs([file]))
        accesses = tuple(
            _with_account(access, file, role=cluster_role, dry_run=dry_run)
            if _needs_account(client, access)
            else access
            for access in found.accesses
        )
        ready = msgspec.structs.replace(found, accesses=accesses)
        show(send(client, ready, dry_run=dry_run), output, dry_run=dry_run)


def _needs_account(client: "ServerClient", access: "Access") -> bool:
    """Whether the server refuses it for its program, and for nothing else."""
    import msgspec

    from meshery.connections.flatten import kubeconfig_of
    from meshery.connections.sending import BASE
    from meshery.kube.kubeconfig import REFUSED

    if access.credentials.exec is None:
        return False
    document = msgspec.json.encode(kubeconfig_of([access]))
    (preview,) = client.post(BASE, document, params={"dry_run": "true"})["items"]
    error = preview["error"]
    return bool(error) and error["code"] == REFUSED and _is_of_program(error["problems"])


def _is_of_program(problems: list[dict[str, Any]]) -> bool:
    return all(".exec." in problem["path"] for problem in problems)


def _with_account(access: "Access", file: Path, *, role: str, dry_run: bool) -> "Access":
    import msgspec

    from meshery.client.terminal import say
    from meshery.connections.account import NAME, NAMESPACE, with_account
    from meshery.kube.access import Credentials

    change = f"make ServiceAccount {NAMESPACE}/{NAME} with role {role} in {access.name}"
    if dry_run:
        say(f"would {change}, since its login needs a program on this machine")
        return msgspec.structs.replace(access, credentials=Credentials(token="-"))  # noqa: S106
    current_invocation().confirm(f"{change}, for its login needs a program on this machine?")
    return with_account(access, kubeconfig=file, role=role)
