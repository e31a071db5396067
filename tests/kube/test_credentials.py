"""Tokens that age: from files, programs and OpenID Connect."""

import base64
import json
import sys
import time
from pathlib import Path

import pytest
from aiohttp import web

from kube.rigged import RiggedServer, authority, refuses, rigged, says
from meshery.core.errors import NotAuthenticatedError
from meshery.kube.access import Access, Credentials, ExecPlugin, Oidc
from meshery.kube.client import KubeClient
from meshery.kube.credentials import Login
from meshery.kube.execplugin import run_plugin
from meshery.kube.kubeconfig import Trust, parse_kubeconfig
from meshery.kube.oidc import renew

VERSION = "client.authentication.k8s.io/v1"


def tokens(server: RiggedServer) -> list[str]:
    return [request.headers["Authorization"].removeprefix("Bearer ") for request in server.seen]


async def test_a_token_file_is_read_again_when_the_server_refuses(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old\n")

    async def answer(request: web.Request) -> web.Response:
        if request.headers["Authorization"] == "Bearer old":
            file.write_text("new\n")
            return web.json_response({"message": "ended"}, status=401)
        return web.json_response({})

    async with (
        rigged(answer) as server,
        KubeClient(server.access(Credentials(token_file=str(file)))) as client,
    ):
        await client.get("/")
        await client.get("/")
    assert tokens(server) == ["old", "new", "new"]


async def test_a_missing_token_file_is_one_clear_error(tmp_path: Path) -> None:
    credentials = Credentials(token_file=str(tmp_path / "none"))
    async with KubeClient(Access(name="x", server="http://x", credentials=credentials)) as client:
        with pytest.raises(NotAuthenticatedError, match="cannot read the token"):
            await client.get("/")


def plugin(
    script: str, *, cluster: bool = False, environment: dict[str, str] | None = None
) -> Access:
    exec_plugin = ExecPlugin(
        command=sys.executable,
        arguments=("-c", script),
        environment=environment or {},
        provide_cluster=cluster,
        install_hint="install it",
    )
    return Access(
        name="x", server="https://one:6443", ca="PEM", credentials=Credentials(exec=exec_plugin)
    )


def prints(status: object, *, version: str = VERSION) -> str:
    document = {"apiVersion": version, "kind": "ExecCredential", "status": status}
    return f"print({json.dumps(json.dumps(document))})"


async def test_a_plug_in_gets_the_cluster_and_gives_a_token() -> None:
    script = (
        "import json, os; info = json.loads(os.environ['KUBERNETES_EXEC_INFO']);"
        "info['status'] = {'token': info['spec']['cluster']['server'] + os.environ['EXTRA']};"
        "print(json.dumps(info))"
    )
    login = Login(plugin(script, cluster=True, environment={"EXTRA": "!"}))
    assert (await login.ticket()).token == "https://one:6443!"


async def test_a_plug_in_does_not_see_our_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MESHERY_DATABASE_URL", "postgresql://me:hunter2@db.example/meshery")
    script = (
        "import json, os; info = json.loads(os.environ['KUBERNETES_EXEC_INFO']);"
        "ours = [name for name in os.environ if name.startswith('MESHERY_')];"
        "info['status'] = {'token': f'{ours} {len(os.environ[\"PATH\"]) > 0}'};"
        "print(json.dumps(info))"
    )
    assert (await Login(plugin(script)).ticket()).token == "[] True"


async def test_a_plug_in_runs_again_when_its_token_ends_and_not_before(tmp_path: Path) -> None:
    count = f"open({str(tmp_path / 'runs')!r}, 'a').write('x');"
    lasting = {"token": "a", "expirationTimestamp": "2999-01-01T00:00:00Z"}
    for status, runs in (
        (lasting, 1),
        ({**lasting, "expirationTimestamp": "2020-01-01T00:00:00Z"}, 2),
    ):
        (tmp_path / "runs").write_text("")
        login = Login(plugin(count + prints(status)))
        await login.ticket()
        await login.ticket()
        assert len((tmp_path / "runs").read_text()) == runs


async def test_a_plug_in_may_give_a_certificate() -> None:
    status = {"clientCertificateData": "CERT", "clientKeyData": "KEY"}
    ticket = await Login(plugin(prints(status))).ticket()
    assert (ticket.certificate, ticket.key) == ("CERT", "KEY")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; sys.exit('no login')", "no login"),
        ("print('hello')", "no ExecCredential"),
        (prints({}), "neither a token"),
        (prints({"token": "a"}, version="v0"), "not " + VERSION),
        ("import time; time.sleep(60)", "did not end"),
        ("print('x' * 2_000_000)", "more than"),
    ],
)
async def test_a_plug_in_that_fails_says_how(script: str, said: str) -> None:
    with pytest.raises(NotAuthenticatedError) as caught:
        await run_plugin(plugin(script), time_s=2)
    assert said in caught.value.cause
    assert caught.value.remedy


async def test_a_plug_in_that_is_not_there_says_how_to_get_it() -> None:
    exec_plugin = ExecPlugin(command="/none/aws", install_hint="see aws.example")
    access = Access(name="x", server="https://x", credentials=Credentials(exec=exec_plugin))
    with pytest.raises(NotAuthenticatedError) as caught:
        await run_plugin(access)
    assert caught.value.remedy == "see aws.example"


def id_token(expires: float) -> str:
    claims = base64.urlsafe_b64encode(json.dumps({"exp": expires}).encode()).rstrip(b"=").decode()
    return f"e30.{claims}.sig"


async def test_an_ended_id_token_is_renewed_over_checked_tls(tmp_path: Path) -> None:
    fresh = id_token(time.time() + 3600)

    async def issuer(request: web.Request) -> web.Response:
        if request.path.endswith("openid-configuration"):
            return web.json_response({"token_endpoint": f"https://{request.host}/token"})
        form = await request.post()
        assert form["grant_type"] == "refresh_token"
        assert form["refresh_token"] == "again"
        return web.json_response({"id_token": fresh, "refresh_token": "next"})

    known = authority()
    async with rigged(issuer, tls=known.server_context(tmp_path)) as server:

        def login(ca: str) -> Login:
            oidc = Oidc(
                issuer=server.url,
                client_id="me",
                id_token=id_token(time.time() - 5),
                refresh_token="again",
                ca=ca,
                registered=(server.url.removeprefix("https://"),),
            )
            credentials = Credentials(oidc=oidc)
            return Login(Access(name="x", server="https://x", credentials=credentials))

        assert (await login(known.pem).ticket()).token == fresh
        with pytest.raises(NotAuthenticatedError) as caught:
            await login(authority().pem).ticket()
        assert "certificate" in caught.value.cause.lower()


async def test_a_refresh_token_travels_over_tls_only(tmp_path: Path) -> None:
    asked: list[str] = []

    async def token(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.json_response({"id_token": id_token(time.time() + 3600)})

    known = authority()
    async with rigged(token) as plain:

        async def issuer(_request: web.Request) -> web.Response:
            return web.json_response({"token_endpoint": f"{plain.url}/token"})

        async with rigged(issuer, tls=known.server_context(tmp_path)) as server:
            for address in (server.url, plain.url):
                oidc = Oidc(
                    issuer=address,
                    client_id="me",
                    refresh_token="again",
                    ca=known.pem,
                    registered=(server.url.removeprefix("https://"),),
                )
                with pytest.raises(NotAuthenticatedError, match="the login at") as caught:
                    await renew(oidc)
                assert "https" in caught.value.cause
    assert asked == []


async def test_an_uploaded_file_cannot_have_private_addresses_asked(tmp_path: Path) -> None:
    known = authority()

    def uploaded(issuer: str, *issuers: str) -> Oidc:
        user = {
            "auth-provider": {
                "name": "oidc",
                "config": {
                    "idp-issuer-url": issuer,
                    "client-id": "me",
                    "refresh-token": "again",
                    "idp-certificate-authority-data": base64.b64encode(known.pem.encode()).decode(),
                },
            }
        }
        document = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://c"}}],
            "users": [{"name": "u", "user": user}],
        }
        trust = Trust(programs=False, files=False, issuers=frozenset(issuers))
        oidc = parse_kubeconfig(json.dumps(document)).access(trust=trust).credentials.oidc
        assert oidc is not None
        return oidc

    elsewhere = says(200, {"token_endpoint": "https://127.0.0.1:1/token"})
    async with rigged(elsewhere, tls=known.server_context(tmp_path)) as server:
        with pytest.raises(NotAuthenticatedError) as caught:
            await renew(uploaded(server.url))
        endpoint = server.url.removeprefix("https://")
        assert "private" in caught.value.cause
        assert f"{endpoint} in kubernetes.oidc_issuers" in caught.value.remedy
        assert server.seen == []
        with pytest.raises(NotAuthenticatedError) as caught:
            await renew(uploaded(server.url, endpoint))
        assert "127.0.0.1:1 in" in caught.value.remedy
        assert len(server.seen) == 1


async def test_without_a_refresh_token_the_login_ends() -> None:
    oidc = Oidc(issuer="https://i", client_id="me", id_token=id_token(time.time() + 3600))
    credentials = Credentials(oidc=oidc)
    async with (
        rigged(refuses(401, "Unauthorized", "no"), says(200, {})) as server,
        KubeClient(server.access(credentials)) as client,
    ):
        with pytest.raises(NotAuthenticatedError, match="the login at"):
            await client.get("/")
