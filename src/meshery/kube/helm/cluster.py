"""What a cluster tells templates of itself: version and APIs."""

import msgspec

from meshery.kube.answers import decoded
from meshery.kube.client import KubeClient
from meshery.kube.helm.model import Capabilities
from meshery.kube.kinds import KindCache


class _Version(msgspec.Struct, frozen=True, rename="camel"):
    git_version: str = ""


async def capabilities_of(client: KubeClient, kinds: KindCache) -> Capabilities:
    """What Helm would tell templates when it installs there. Errors are those of the client."""
    found = await kinds.kinds(fresh=True)
    versions = {each.api_version for each in found.all}
    named = {f"{each.api_version}/{each.kind}" for each in found.all}
    answer = await client.get("/version")
    version = decoded(answer.body, _Version, asked="GET /version").git_version
    return Capabilities(version, tuple(sorted(versions | named)))
