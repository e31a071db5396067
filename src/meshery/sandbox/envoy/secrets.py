"""Certificates in running sidecars: renew the leaves, or rotate the authority, without a failure.

New connections use the new certificate; those that are open keep theirs, so nothing is cut.
"""

from collections.abc import Mapping

from meshery.sandbox.authority import DAY_S, Authority, Leaf
from meshery.sandbox.envoy.files import read_file, secrets_of
from meshery.sandbox.envoy.sidecar import Sidecar
from meshery.sandbox.envoy.xds import Files, write_files
from meshery.sandbox.render.names import SECRET_TYPE, SECRETS, TRUST_SECRET, Json, discovery_file


async def apply_secrets(
    sidecars: Mapping[str, Sidecar],
    *,
    leaves: Mapping[str, Leaf],
    trust: bytes,
    timeout_s: float = 5.0,
) -> None:
    """Give sidecars their certificates and what to trust; done when each has acknowledged.

    A sidecar without a leaf here keeps its own. Errors as `xds.apply_world`.
    """
    files: Files = {}
    for name, sidecar in sidecars.items():
        leaf = leaves.get(name)
        content = secrets_of(leaf, trust=trust) if leaf else _with_trust(sidecar, trust)
        files[name] = {SECRETS: content}
    await write_files(files, sidecars=sidecars, timeout_s=timeout_s)


async def renew(
    authority: Authority,
    sidecars: Mapping[str, Sidecar],
    *,
    identities: Mapping[str, str],
    lifetime_s: float = DAY_S,
) -> None:
    """New leaves for all; `identities` are SPIFFE ids by the sidecars' names."""
    leaves = {name: authority.issue(identities[name], lifetime_s=lifetime_s) for name in sidecars}
    await apply_secrets(sidecars, leaves=leaves, trust=authority.trust_pem)


async def rotate(
    authority: Authority,
    sidecars: Mapping[str, Sidecar],
    *,
    identities: Mapping[str, str],
    lifetime_s: float = DAY_S,
) -> None:
    """A new authority: trust both, let the new one sign all leaves, then trust the new one only.

    Begun again after an interruption, it goes on where it stood.
    """
    authority.begin_rotation()
    await apply_secrets(sidecars, leaves={}, trust=authority.trust_pem)
    await renew(authority, sidecars, identities=identities, lifetime_s=lifetime_s)
    authority.finish_rotation()
    await apply_secrets(sidecars, leaves={}, trust=authority.trust_pem)


def _with_trust(sidecar: Sidecar, trust: bytes) -> Json:
    """A sidecar's secrets with something else to trust."""
    current = read_file(sidecar.directory, SECRETS)
    if current is None:
        raise FileNotFoundError(sidecar.directory / SECRETS)
    trusted = {"trusted_ca": {"inline_string": trust.decode("ascii")}}
    others = [each for each in current["resources"] if each["name"] != TRUST_SECRET]
    return discovery_file(
        SECRET_TYPE, [*others, {"name": TRUST_SECRET, "validation_context": trusted}]
    )
