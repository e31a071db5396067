"""A mutating webhook as a local process at its Service's address: it labels what it is shown.

ClusterIPs of the test's control plane are loopback addresses, so the API server reaches it there.
"""

import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web

from meshery.core.certificates import Signer, certificate_pem, key_pem, name_of, new_key

PORT = 8443
_LIFETIME = timedelta(hours=1)
_PATCH = [{"op": "add", "path": "/metadata/labels/injected", "value": "yes"}]


class Injector:
    """Its certificate, made before it listens, and the kinds that it was shown."""

    def __init__(self, folder: Path, *, namespace: str, name: str = "injector") -> None:
        self._signer = Signer.create(name_of("injector's authority"), lifetime=_LIFETIME)
        key = new_key()
        leaf = self._signer.sign(key, [f"{name}.{namespace}.svc"], lifetime=_LIFETIME)
        self._pair = folder / "injector.pem"
        self._pair.write_bytes(certificate_pem(leaf) + key_pem(key))
        self._namespace = namespace
        self._name = name
        self.seen: list[str] = []

    def configuration(self, name: str, *rules: dict[str, Any]) -> dict[str, Any]:
        """The object that registers it, for creations in its namespace; nobody passes without."""
        authority = base64.b64encode(certificate_pem(self._signer.certificate)).decode()
        service = {"namespace": self._namespace, "name": self._name, "path": "/", "port": PORT}
        webhook = {
            "name": f"{name}.example.com",
            "clientConfig": {"service": service, "caBundle": authority},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self._namespace}},
            "rules": [{"operations": ["CREATE"], "scope": "*", **rule} for rule in rules],
            "failurePolicy": "Fail",
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "timeoutSeconds": 5,
        }
        return {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "MutatingWebhookConfiguration",
            "metadata": {"name": name},
            "webhooks": [webhook],
        }

    @asynccontextmanager
    async def listening(self, address: str) -> AsyncIterator[None]:
        """Answer at a Service's address."""
        application = web.Application()
        application.router.add_post("/", self._review)
        runner = web.AppRunner(application, shutdown_timeout=0.1)
        await runner.setup()
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(self._pair)
        try:
            await web.TCPSite(runner, address, PORT, ssl_context=tls).start()
            yield
        finally:
            await runner.cleanup()

    async def _review(self, request: web.Request) -> web.Response:
        asked = (await request.json())["request"]
        self.seen.append(asked["kind"]["kind"])
        patch = base64.b64encode(json.dumps(_PATCH).encode()).decode()
        answer = {"uid": asked["uid"], "allowed": True, "patchType": "JSONPatch", "patch": patch}
        return web.json_response(
            {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}
        )
