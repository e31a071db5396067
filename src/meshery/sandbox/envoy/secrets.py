"""Certificates in running sidecars: renew the leaves, or rotate the authority, without a failure.

New connections use the new certificate; those that are open keep theirs, so nothing is cut.
"""

from collections.abc import Mapping

from meshery.sandbox.authority import DAY_S, Authority, Leaf
from meshery.sandbox.envoy.files import identity_of
from meshery.sandbox.envoy.sidecar import Sidecar
from meshery.sandbox.envoy.xds import Files, write_files
from meshery.sandbox.render.names import IDENTITY, TRUST
from meshery.sandbox.render.tls import trust_file


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
    trusted = trust_file(trust)
    files: Files = {name: {TRUST: trusted} for name in sidecars}
    for name, leaf in leaves.items():
        files[name][IDENTITY] = identity_of(leaf)
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
