"""An `Access` as the kubeconfig of one call: flat, with what was got from plug-ins and files.

Helm's process runs no programs and reads no files to log in: tokens are fetched here.
"""

import base64
import json
from typing import Any

from meshery.kube.access import Access
from meshery.kube.credentials import Login, Ticket


async def kubeconfig_of(access: Access, *, namespace: str) -> str:
    """The text (JSON is YAML). NotAuthenticatedError when no login is to be had."""
    ticket = await Login(access).ticket()
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "helm",
            "contexts": [
                {
                    "name": "helm",
                    "context": {"cluster": "helm", "user": "helm", "namespace": namespace},
                }
            ],
            "clusters": [{"name": "helm", "cluster": _cluster(access)}],
            "users": [{"name": "helm", "user": _user(access, ticket)}],
        }
    )


def _cluster(access: Access) -> dict[str, Any]:
    # Go's client refuses an authority where certificates are not checked.
    ca = "" if access.insecure else access.ca
    return _set(
        {
            "server": access.server,
            "certificate-authority-data": _base64(ca),
            "insecure-skip-tls-verify": access.insecure,
            "tls-server-name": access.tls_server_name,
            "proxy-url": access.proxy_url,
        }
    )


def _user(access: Access, ticket: Ticket) -> dict[str, Any]:
    own = access.credentials
    is_basic = bool(own.username) and not ticket.token
    return _set(
        {
            "token": ticket.token,
            "client-certificate-data": _base64(ticket.certificate),
            "client-key-data": _base64(ticket.key),
            "username": own.username if is_basic else "",
            "password": own.password if is_basic else "",
            "as": own.act_as,
            "as-groups": list(own.act_as_groups),
            "as-uid": own.act_as_uid,
            "as-user-extra": {name: list(values) for name, values in own.act_as_extra.items()},
        }
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _set(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}
