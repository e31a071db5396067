"""Flattening keeps all of a context, and puts files into the text."""

from pathlib import Path

import msgspec
import pytest
import yaml

from kube.rigged import authority
from meshery.connections.flatten import BATCH, Flattened, flatten, kubeconfig_of
from meshery.core.errors import MesheryError
from meshery.kube.access import Access, Credentials, ExecPlugin, Oidc
from meshery.kube.kubeconfig import OWN, parse_kubeconfig, read_kubeconfigs

PEM = authority().pem
CREDENTIALS = {
    "certificate": Credentials(certificate=PEM, key=PEM),
    "token": Credentials(token="t0ken", act_as="ann", act_as_groups=("a",), act_as_uid="7"),
    "basic": Credentials(username="u", password="p", act_as_extra={"scope": ("x", "y")}),
    "exec": Credentials(
        exec=ExecPlugin(
            "/bin/login",
            arguments=("--cluster", "x"),
            environment={"AWS_PROFILE": "p"},
            install_hint="get it",
            provide_cluster=True,
        )
    ),
    "oidc": Credentials(
        oidc=Oidc(
            "https://id.example",
            "me",
            "s3cret",
            id_token="i",
            refresh_token="r",
            ca=PEM,
            registered=("id.example:443",),
        )
    ),
}


@pytest.mark.parametrize("way", CREDENTIALS)
def test_what_is_written_is_read_back_the_same(way: str) -> None:
    access = Access(
        name="c",
        server="https://c.example",
        credentials=CREDENTIALS[way],
        namespace="shop",
        ca=PEM,
        tls_server_name="c",
        proxy_url="http://proxy.example:3128",
        cluster="c",
        user="c",
    )
    text = msgspec.json.encode(kubeconfig_of([access]))
    assert parse_kubeconfig(text).access("c", trust=OWN) == access


def test_files_become_part_of_the_text(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text(PEM)
    (tmp_path / "token").write_text("t0ken\n")
    config = {
        "contexts": [{"name": "c", "context": {"cluster": "a", "user": "b"}}],
        "clusters": [
            {"name": "a", "cluster": {"server": "https://c", "certificate-authority": "ca.crt"}}
        ],
        "users": [{"name": "b", "user": {"tokenFile": "token"}}],
    }
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    found = flatten(read_kubeconfigs([tmp_path / "config"]))
    assert found.refused == {}
    ((names, text),) = found.batches()
    assert names == ["c"]
    assert str(tmp_path).encode() not in text
    (tmp_path / "token").unlink()
    (error,) = flatten(read_kubeconfigs([tmp_path / "config"])).refused.values()
    assert isinstance(error, MesheryError)
    assert error.remedy


def test_many_and_large_contexts_go_in_parts() -> None:
    small = [Access(name=f"c{number}", server="https://c") for number in range(2 * BATCH + 1)]
    assert [len(names) for names, _ in Flattened(tuple(small), {}).batches()] == [BATCH, BATCH, 1]
    large = [Access(name=f"c{number}", server="https://c", ca=PEM * 500) for number in range(5)]
    sizes = [len(text) for _, text in Flattened(tuple(large), {}).batches()]
    assert len(sizes) > 1
    assert max(sizes) < 1_048_576
    assert list(Flattened((), {}).batches()) == []
