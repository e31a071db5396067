"""The certificates that an operator makes or takes for a Broker, without any servers."""

import base64
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509

from fixtures.kube import KubeNamespace
from fixtures.waiting import until
from meshery.core.certificates import Signer, certificate_pem, key_pem, name_of, new_key
from meshery.operator.certificates import fault_of
from operators.objects import ONE, broker, conditions, made, meshsync, message, until_said

pytestmark = pytest.mark.timeout(180)
OWN = {"enabled": True}
MINE = {"enabled": True, "secretName": "mine"}
SECRET = "secret/meshery-nats-tls"


def decoded(secret: Any) -> dict[str, bytes]:
    return {key: base64.b64decode(value) for key, value in secret["data"].items()}


async def held(namespace: KubeNamespace, name: str) -> dict[str, bytes]:
    return decoded(await namespace.get("secret", name))


def users_secret(
    *names: str, days: int = 30, name: str = "mine", changed: Mapping[str, bytes] | None = None
) -> Any:
    """What a user, or cert-manager, puts into a Secret; `days` below zero give one that ended."""
    began = datetime.now(UTC) + timedelta(days=min(days, 0) - 1)
    signer = Signer.create(name_of("users"), lifetime=timedelta(days=400), now=began)
    key = new_key()
    certificate = signer.sign(key, names, lifetime=timedelta(days=abs(days)), now=began)
    data = {
        "ca.crt": certificate_pem(signer.certificate),
        "tls.crt": certificate_pem(certificate),
        "tls.key": key_pem(key),
        **(changed or {}),
    }
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "type": "kubernetes.io/tls",
        "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
    }


async def template(namespace: KubeNamespace) -> Any:
    return (await namespace.get("statefulset", "meshery-nats"))["spec"]["template"]


async def test_certificates_are_made_and_taken_away(operated: KubeNamespace) -> None:
    await operated.create(broker(size=3, tls=OWN), meshsync())
    found = await until_said(operated, "broker", "meshery-broker", "does not answer")
    assert found["status"]["endpoint"]["internal"].endswith(":4222")
    data = await held(operated, "meshery-nats-tls")
    headless = f"pod.meshery-nats-headless.{operated.name}.svc"
    names = ["meshery-nats", f"meshery-nats.{operated.name}.svc.cluster.local", headless]
    for number in ("", "-0", "-1", "-2"):
        service = await operated.get("service", f"meshery-nats{number}")
        names.append(service["spec"]["clusterIP"])
    assert [fault_of(data, name) for name in names] == [""] * len(names)
    auth = await held(operated, "meshery-nats-auth")
    assert set(auth) == {"token", "routes", "ca.crt"}
    assert auth["ca.crt"] == data["ca.crt"]
    mounted = (await template(operated))["spec"]["volumes"]
    keys = [item["key"] for each in mounted for item in each.get("secret", {}).get("items", ())]
    assert set(keys) == {"ca.crt", "tls.crt", "tls.key"}, "the authority's key stays"
    found = await until_said(operated, "meshsync", "meshery-meshsync", "does not answer")
    assert found["status"]["publishing-to"] == f"tls://{names[3]}:4222"
    watcher = (await operated.get("deployment", "meshery-meshsync"))["spec"]["template"]["spec"]
    values = {each["name"]: each.get("value") for each in watcher["containers"][0]["env"]}
    assert values["MESHERY_BUS_TLS_HOSTNAME"] == f"meshery-nats.{operated.name}.svc"
    await operated.create(broker(size=1), meshsync())

    async def is_plain() -> bool:
        is_gone = SECRET not in await made(operated)
        return is_gone and "ca.crt" not in await held(operated, "meshery-nats-auth")

    await until(is_plain, timeout_s=40, what="no certificates")
    found = await until_said(operated, "meshsync", "meshery-meshsync", "does not answer")
    assert "volumes" not in (await template(operated))["spec"] or not [
        each for each in (await template(operated))["spec"]["volumes"] if "secret" in each
    ]

    async def publishes_plainly() -> bool:
        found = await operated.get("meshsync", "meshery-meshsync")
        return bool(found["status"]["publishing-to"] == f"nats://{names[3]}:4222")

    await until(publishes_plainly, timeout_s=20, what="a watcher without TLS")


async def test_an_address_from_outside_is_in_the_certificate(operated: KubeNamespace) -> None:
    await operated.create(broker(tls=OWN, service={"type": "LoadBalancer"}))
    await until_said(operated, "broker", "meshery-broker", "does not answer")
    before = await held(operated, "meshery-nats-tls")
    mark = (await template(operated))["metadata"]["annotations"]["meshery.io/certificates"]
    ingress = {"ingress": [{"ip": "192.0.2.7"}, {"hostname": "lb.example.com"}]}
    patch = ("patch", "service", "meshery-nats-external", "--subresource=status", "--type=merge")
    await operated.kubectl(*patch, "-p", json.dumps({"status": {"loadBalancer": ingress}}))

    async def names(*wanted: str) -> bool:
        data = await held(operated, "meshery-nats-tls")
        return [fault_of(data, each) for each in wanted] == [""] * len(wanted)

    balanced = ("192.0.2.7", "lb.example.com")
    await until(lambda: names(*balanced), timeout_s=20, what="its address")
    assert (await held(operated, "meshery-nats-tls"))["ca.crt"] == before["ca.crt"]

    async def begins_anew() -> bool:
        found = (await template(operated))["metadata"]["annotations"]
        return bool(found["meshery.io/certificates"] != mark)

    await until(begins_anew, timeout_s=10, what="servers with it")
    override = {"externalEndpointOverride": "nats.example.com:443"}
    await operated.create(broker(tls=OWN, service=override))
    await until(lambda: names("nats.example.com"), timeout_s=20, what="the override")


async def test_a_certificate_that_ends_soon_is_renewed(operated: KubeNamespace) -> None:
    await operated.create(broker(tls=OWN))
    await until_said(operated, "broker", "meshery-broker", "does not answer")
    data = await held(operated, "meshery-nats-tls")
    (authority,) = x509.load_pem_x509_certificates(data["ca.crt"])
    soon = users_secret(f"meshery-nats.{operated.name}.svc")["data"]
    changed = json.dumps({"data": {key: soon[key] for key in ("tls.crt", "tls.key")}})
    await operated.kubectl("patch", "secret", "meshery-nats-tls", "--type=merge", "-p", changed)

    async def is_renewed() -> bool:
        found = await held(operated, "meshery-nats-tls")
        certificate = x509.load_pem_x509_certificate(found["tls.crt"])
        left = certificate.not_valid_after_utc - datetime.now(UTC)
        return left > timedelta(days=300) and certificate.issuer == authority.subject

    await until(is_renewed, timeout_s=20, what="another certificate")


async def test_a_certificate_of_the_users(operated: KubeNamespace) -> None:
    name = f"meshery-nats.{operated.name}.svc"
    await operated.create(broker(tls=MINE), meshsync())
    found = await until_said(operated, "broker", "meshery-broker", "waits for the Secret mine")
    assert conditions(found)["Ready"] == ("False", "HealthCheckFailed")
    assert "statefulset.apps/meshery-nats" not in await made(operated)
    for wrong, said in (
        (users_secret(name, days=-1), "its certificate expired at"),
        (users_secret("another.svc"), f"does not name {name}"),
        (users_secret(name, changed={"tls.key": key_pem(new_key())}), "not that of its tls.crt"),
        (users_secret(name, changed={"ca.crt": b"rubbish"}), "cannot be read"),
    ):
        await operated.create(wrong)
        # Others' Secrets are not watched, and are looked at less and less often.
        await operated.kubectl("annotate", "broker", "meshery-broker", "--overwrite", f"at={said}")
        found = await until_said(operated, "broker", "meshery-broker", said)
        assert conditions(found)["Failed"] == ("True", "ReconciliationFailed")
    good = users_secret(name)
    await operated.create(good)
    await operated.kubectl("annotate", "broker", "meshery-broker", "--overwrite", "at=good")
    await until_said(operated, "broker", "meshery-broker", "does not answer")
    names = await made(operated)
    assert [each for each in names if "meshsync" not in each] == ONE, "nothing but the user's"
    auth = await held(operated, "meshery-nats-auth")
    assert auth["ca.crt"] == decoded(good)["ca.crt"]
    await until_said(operated, "meshsync", "meshery-meshsync", "does not answer")
    before = (await template(operated))["metadata"]["annotations"]
    await operated.create(users_secret(name))

    async def is_taken_over() -> bool:
        return bool((await template(operated))["metadata"]["annotations"] != before)

    await until(is_taken_over, timeout_s=30, what="the renewed one")
    # Several servers have routes, which no user's certificate could name.
    await operated.create(broker(size=3, tls=MINE))
    await until(lambda: _has(operated, SECRET), timeout_s=30, what="a certificate for routes")
    await operated.kubectl("delete", "secret", "mine")
    found = await until_said(operated, "broker", "meshery-broker", "waits for the Secret mine")
    assert "internal" in found["status"]["endpoint"]
    assert "statefulset.apps/meshery-nats" in await made(operated), "servers go on"


async def _has(namespace: KubeNamespace, name: str) -> bool:
    return name in await made(namespace)


async def test_others_secrets_are_not_taken_over(operated: KubeNamespace) -> None:
    await operated.create(users_secret("x.svc", name="meshery-nats-tls"), broker(tls=OWN))
    found = await until_said(operated, "broker", "meshery-broker", "belongs to somebody else")
    assert "meshery-nats-tls" in message(found)
    await operated.create(meshsync())
    await until_said(operated, "meshsync", "meshery-meshsync", "waits for Broker")


async def test_several_servers_have_it_from_the_beginning(operated: KubeNamespace) -> None:
    await operated.create(broker(size=3), meshsync())
    await until_said(operated, "broker", "meshery-broker", "does not answer")
    before = (await template(operated))["metadata"]["annotations"]
    await operated.create(broker(size=3, tls=OWN))
    found = await until_said(operated, "broker", "meshery-broker", "cannot be turned on")
    assert conditions(found)["Failed"] == ("True", "ReconciliationFailed")
    assert (await template(operated))["metadata"]["annotations"] == before
    assert "ca.crt" not in await held(operated, "meshery-nats-auth")
    await operated.kubectl("delete", "statefulset", "meshery-nats")
    await until_said(operated, "broker", "meshery-broker", "does not answer")
    await operated.create(broker(size=3))
    await until_said(operated, "broker", "meshery-broker", "cannot be turned off")
    assert "ca.crt" in await held(operated, "meshery-nats-auth")
    await operated.create(broker(size=3, tls=OWN))
    await until_said(operated, "broker", "meshery-broker", "does not answer")
