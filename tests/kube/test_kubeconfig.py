import base64
import os
from pathlib import Path

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from meshery.core.errors import InvalidInputError, MesheryError, NotFoundError, UnavailableError
from meshery.kube.access import Access, decode_access, in_cluster
from meshery.kube.kubeconfig import (
    OWN,
    UPLOADED,
    Trust,
    parse_kubeconfig,
    read_kubeconfigs,
    usual_paths,
)

PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
DATA = base64.b64encode(PEM.encode()).decode()


def config(user: str = "token: secret-token", cluster: str = "server: https://one:6443") -> str:
    return f"""\
apiVersion: v1
kind: Config
current-context: one
contexts:
- name: one
  context: {{cluster: one, user: me, namespace: shop}}
clusters:
- name: one
  cluster:
    {cluster}
users:
- name: me
  user:
    {user}
"""


def faults(text: str, *, trust: Trust = OWN) -> dict[str, int]:
    with pytest.raises(InvalidInputError) as caught:
        parse_kubeconfig(text).access(trust=trust)
    return {problem.path: problem.line for problem in caught.value.problems}


def test_a_context_becomes_one_flat_access() -> None:
    cluster = f"""server: https://one:6443/
    certificate-authority-data: {DATA}
    tls-server-name: api.example
    proxy-url: http://proxy:3128"""
    access = parse_kubeconfig(config(cluster=cluster)).access(trust=UPLOADED)
    assert access == Access(
        name="one",
        server="https://one:6443",
        credentials=access.credentials,
        namespace="shop",
        ca=PEM,
        tls_server_name="api.example",
        proxy_url="http://proxy:3128",
        cluster="one",
        user="me",
    )
    assert access.credentials.kinds == ("token",)


def test_no_secret_stands_in_the_repr_and_all_survive_storage() -> None:
    access = parse_kubeconfig(config()).access(trust=UPLOADED)
    assert "secret-token" not in repr(access)
    assert decode_access(msgspec.json.encode(access)) == access
    assert decode_access(msgspec.json.encode(access)).credentials.token == "secret-token"


def test_a_client_certificate_is_read_from_data() -> None:
    user = f"{{client-certificate-data: {DATA}, client-key-data: {DATA}}}"
    credentials = parse_kubeconfig(config(user)).access(trust=UPLOADED).credentials
    assert credentials.certificate == credentials.key == PEM


def test_files_are_relative_to_their_kubeconfig(tmp_path: Path) -> None:
    (tmp_path / "cert.pem").write_text(PEM)
    user = "{client-certificate: cert.pem, client-key: cert.pem}"
    (tmp_path / "config").write_text(config(user))
    access = read_kubeconfigs([tmp_path / "config"]).access(trust=OWN)
    assert access.credentials.certificate == PEM


def test_an_exec_plug_in_is_read_where_programs_are_trusted(tmp_path: Path) -> None:
    user = """exec:
      apiVersion: client.authentication.k8s.io/v1
      command: bin/login
      args: [get-token, --cluster, one]
      env: [{name: REGION, value: here}]
      interactiveMode: Never
      provideClusterInfo: true"""
    (tmp_path / "config").write_text(config(user))
    plugin = read_kubeconfigs([tmp_path / "config"]).access(trust=OWN).credentials.exec
    assert plugin is not None
    assert plugin.command == str(tmp_path / "bin/login")
    assert plugin.arguments == ("get-token", "--cluster", "one")
    assert plugin.environment == {"REGION": "here"}
    assert plugin.provide_cluster


@pytest.mark.parametrize(
    ("user", "named"),
    [
        ("exec: {apiVersion: client.authentication.k8s.io/v1, command: aws}", "aws"),
        ("client-certificate: /etc/passwd", "/etc/passwd"),
        ("tokenFile: /var/run/secrets/token", "/var/run/secrets/token"),
    ],
)
def test_an_upload_may_neither_run_programs_nor_name_files(user: str, named: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_kubeconfig(config(user)).access(trust=UPLOADED)
    assert caught.value.specific_code == "meshery.kubeconfig.refused"
    assert named in caught.value.cause
    assert "line 14" in caught.value.cause
    assert "ServiceAccount" in caught.value.remedy


def test_a_permitted_program_may_not_be_replaced_by_its_environment() -> None:
    start = "{apiVersion: client.authentication.k8s.io/v1, command: aws, env: "
    trust = Trust(programs=False, files=False, commands=frozenset({"aws"}))
    harmless = config(f"exec: {start}[{{name: AWS_PROFILE, value: dev}}]}}")
    assert parse_kubeconfig(harmless).access(trust=trust).credentials.exec is not None
    with pytest.raises(InvalidInputError, match="may not do"):
        parse_kubeconfig(config(f"exec: {start}[{{name: PATH, value: /tmp}}]}}")).access(
            trust=trust
        )


def test_every_fault_of_a_context_is_told_with_its_line() -> None:
    user = "{token: 5, username: a, client-key-data: '!!', as-groups: x}"
    cluster = "{server: 'ftp://x', certificate-authority-data: bm9wZQ==, proxy-url: 'socks5://p:1'}"
    found = faults(config(user, cluster))
    assert found == {
        "users[0].user.token": 14,
        "users[0].user.client-key-data": 14,
        "users[0].user.as-groups": 14,
        "clusters[0].cluster.server": 10,
        "clusters[0].cluster.certificate-authority-data": 10,
        "clusters[0].cluster.proxy-url": 10,
    }


@pytest.mark.parametrize(
    ("user", "cluster"),
    [
        ("{token: a, username: b}", "server: https://one"),
        (f"client-certificate-data: {DATA}", "server: https://one"),
        ("auth-provider: {name: gcp}", "server: https://one"),
        ("auth-provider: {name: oidc, config: {idp-issuer-url: 'https://i'}}", "server: https://o"),
        (
            "auth-provider: {name: oidc, config: {idp-issuer-url: 'http://i', refresh-token: a}}",
            "server: https://o",
        ),
        (
            "exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}",
            "server: http://o",
        ),
        ("token: a", "insecure-skip-tls-verify: true"),
        (
            "token: a",
            (
                f"{{server: 'https://o', insecure-skip-tls-verify: true, "
                f"certificate-authority-data: {DATA}}}"
            ),
        ),
    ],
)
def test_what_excludes_or_needs_another_is_a_fault(user: str, cluster: str) -> None:
    assert faults(config(user, cluster))


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "a text",
        "kind: Pod",
        "contexts: {a: 1}",
        "contexts: [5]",
        "clusters: [{cluster: {}}]",
        "users: [{name: a, user: b}]",
        "users: [{name: a}, {name: a}]",
        "x" * 2_000_000,
    ],
)
def test_a_text_that_is_no_kubeconfig_is_one_clear_error(text: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_kubeconfig(text)


def test_a_fault_of_one_context_leaves_the_others() -> None:
    text = config() + "- name: robot\n  user: {exec: {command: x}}\n"
    text = text.replace(
        "contexts:\n", "contexts:\n- {name: bad, context: {cluster: one, user: robot}}\n"
    )
    kubeconfig = parse_kubeconfig(text)
    assert kubeconfig.contexts == ("bad", "one")
    assert kubeconfig.access("one", trust=UPLOADED).server == "https://one:6443"
    with pytest.raises(InvalidInputError):
        kubeconfig.access("bad", trust=UPLOADED)


def test_an_unknown_context_names_those_there_are() -> None:
    with pytest.raises(NotFoundError) as caught:
        parse_kubeconfig(config()).access("two", trust=OWN)
    assert "one" in caught.value.cause


def test_for_each_name_the_first_file_wins(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("users: [{name: me, user: {token: first}}]\n")
    second.write_text(config())
    access = read_kubeconfigs([first, tmp_path / "missing", second]).access(trust=OWN)
    assert access.credentials.token == "first"
    assert access.server == "https://one:6443"


def test_the_usual_paths_are_kubectls(tmp_path: Path) -> None:
    assert usual_paths({"HOME": str(tmp_path)}) == [tmp_path / ".kube" / "config"]
    listed = usual_paths({"KUBECONFIG": f"/a{os.pathsep}{os.pathsep}/b"})
    assert listed == [Path("/a"), Path("/b")]
    with pytest.raises(InvalidInputError, match="no kubeconfig"):
        read_kubeconfigs([tmp_path / "none"])


def test_a_pod_reads_its_service_account(tmp_path: Path) -> None:
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    with pytest.raises(UnavailableError, match="no ServiceAccount token"):
        in_cluster(environment, account=tmp_path)
    for name, text in {"token": "abc", "ca.crt": PEM, "namespace": "mesh\n"}.items():
        (tmp_path / name).write_text(text)
    access = in_cluster(environment, account=tmp_path)
    assert access.server == "https://[fd00::1]:443"
    assert access.namespace == "mesh"
    assert access.credentials.token_file == str(tmp_path / "token")
    with pytest.raises(UnavailableError, match="not run in a Kubernetes pod"):
        in_cluster({})


_LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.just(DATA)
_FIELDS = st.one_of(
    st.sampled_from(["name", "cluster", "user", "context", "server", "token", "exec", "command"]),
    st.sampled_from(["env", "args", "auth-provider", "config", "certificate-authority-data"]),
    st.sampled_from(["client-certificate", "tokenFile", "as-user-extra", "proxy-url"]),
)
_ANYTHING = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_FIELDS, inner, max_size=4),
    max_leaves=20,
)


def _use(text: bytes | str) -> None:
    try:
        kubeconfig = parse_kubeconfig(text)
        for name in kubeconfig.contexts:
            kubeconfig.access(name, trust=UPLOADED)
    except MesheryError:
        pass


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_any_bytes_give_an_access_or_a_clear_error(text: bytes | str) -> None:
    _use(text)


@given(user=_ANYTHING, cluster=_ANYTHING, context=_ANYTHING)
def test_any_entry_gives_an_access_or_a_clear_error(
    user: object, cluster: object, context: object
) -> None:
    document = {
        "contexts": [
            {"name": "a", "context": {"cluster": "a", "user": "a"}},
            {"name": "b", "context": context},
        ],
        "clusters": [{"name": "a", "cluster": cluster}],
        "users": [{"name": "a", "user": user}],
    }
    _use(yaml.safe_dump(document))
