"""Contexts of a kubeconfig, each on its own: taken, or refused with the reason."""

import asyncio
from urllib.parse import urlsplit

from meshery.connections.model import Outcome, Preview
from meshery.connections.reach import login_of
from meshery.core.errors import InvalidInputError, MesheryError
from meshery.core.yamlfile import MAX_BYTES
from meshery.kube.access import Access
from meshery.kube.kubeconfig import Kubeconfig, Trust, parse_kubeconfig

MAX_NAME = 253
MAX_SERVER = 2048


async def parsed(text: bytes | str) -> Kubeconfig:
    """Read apart from the loop: a megabyte takes its time. InvalidInputError with every fault."""
    if len(text) > MAX_BYTES:
        raise InvalidInputError(
            f"the kubeconfig is larger than {MAX_BYTES} bytes",
            remedy="send the contexts you need: `kubectl config view --raw --flatten --minify`",
            code="meshery.kubeconfig.size",
        )
    return await asyncio.to_thread(parse_kubeconfig, text)


def context_access(config: Kubeconfig, name: str, trust: Trust) -> Access | Outcome:
    """A context on its own, or why it cannot be used."""
    try:
        found = config.access(name, trust=trust)
    except MesheryError as error:
        return refused(name, error)
    if len(name) > MAX_NAME or len(found.server) > MAX_SERVER:
        too_long = InvalidInputError(
            f"the name or the address of the context {name[:60]!r} is too long",
            cause=f"a name has at most {MAX_NAME} characters, an address {MAX_SERVER}",
            remedy="rename it: kubectl config rename-context",
            code="meshery.kubeconfig",
        )
        return refused(name[:MAX_NAME], too_long)
    if "@" in urlsplit(found.server).netloc:
        open_login = InvalidInputError(
            f"the address of the context {name!r} holds a name or a password",
            cause="addresses are shown and logged, logins never are",
            remedy="write them as username and password of the user",
            code="meshery.kubeconfig",
        )
        return refused(name, open_login)
    return found


def refused(name: str, error: MesheryError) -> Outcome:
    """A context that is not kept."""
    return Outcome(context=name, outcome="refused", error=error.as_dict())


def preview_of(name: str, found: Access | Outcome, *, current: bool) -> Preview:
    """What would become of a context."""
    if isinstance(found, Outcome):
        return Preview(context=name, current=current, error=found.error)
    return Preview(
        context=name,
        server=found.server,
        namespace=found.namespace,
        login=login_of(found),
        current=current,
    )
