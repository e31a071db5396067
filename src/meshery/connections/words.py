"""How pages call the ways to log in."""

from collections.abc import Mapping

from meshery.connections.model import Login

LOGINS: Mapping[Login, str] = {
    "certificate": "client certificate",
    "token": "token",
    "exec": "a program of the server",
    "oidc": "OpenID Connect",
    "basic": "name and password",
    "in-cluster": "the pod's ServiceAccount",
    "none": "no login",
}
