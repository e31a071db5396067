"""Forgetting old states: what makes a watch from an old resource version answer 410 Gone."""

import base64

import httpx2

from meshery.core.errors import OperationFailedError


async def forget_history(etcd_url: str) -> int:
    """Drop every revision of etcd but the present one, and return it.

    OperationFailedError when etcd refuses. It speaks etcd's JSON gateway, where integers are
    strings and keys are base64.
    """
    async with httpx2.AsyncClient(base_url=etcd_url, trust_env=False, timeout=10) as client:
        any_key = base64.b64encode(b"compaction").decode()
        present = await _ask(client, "/v3/kv/range", {"key": any_key})
        revision = int(present["header"]["revision"])
        await _ask(client, "/v3/kv/compaction", {"revision": str(revision), "physical": True})
    return revision


async def _ask(
    client: httpx2.AsyncClient, path: str, question: dict[str, object]
) -> dict[str, dict[str, str]]:
    answer = await client.post(path, json=question)
    if answer.status_code != 200:
        raise OperationFailedError(
            "etcd did not drop its history", cause=answer.text[:500], code="meshery.kube.etcd"
        )
    found: dict[str, dict[str, str]] = answer.json()
    return found
