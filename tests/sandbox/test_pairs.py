import time

import pytest

from meshery.behaviours.model import Behaviour, Kind, Target
from meshery.behaviours.security import Access, Caller
from meshery.behaviours.traffic import Locality
from meshery.core.errors import InvalidInputError, NotFoundError, UnsupportedError
from meshery.operations.platform import Platform
from meshery.processes.usage import read_cpu
from meshery.sandbox.layout import Places
from meshery.sandbox.pairs import (
    Pair,
    Traits,
    app_endpoint,
    change_pair,
    close_abandoned,
    close_pair,
    open_pair,
)
from meshery.sandbox.probe import Answer, Ask, ask
from sandbox.running import running_sandbox

PLAIN = """
apiVersion: sandbox.meshery.io/v1
kind: Sandbox
metadata: {name: duo}
spec:
  services:
    - {name: web, calls: [api]}
    - {name: api}
"""


def rule(action: str, caller: str) -> Behaviour:
    params = Access(action=action, from_=(Caller(identity=caller),))  # type: ignore[arg-type]
    return Behaviour("rule", Kind.ACCESS, Target("api"), params)


async def through(pair: Pair, path: str = "/") -> Answer:
    return await ask(Ask(pair.url_host, pair.port, pair.authority, path))


async def test_pairs_in_front_of_a_running_application(platform: Platform) -> None:
    async with running_sandbox(platform, PLAIN):
        deny, allow = (rule("deny", "web"),), (rule("allow", "web"),)
        before = {status.name for status in await platform.supervisor.list("sandbox")}  # type: ignore[union-attr]
        started = time.perf_counter()
        secure = await open_pair(platform, "duo", name="one", app_instance="api-v1-0")
        took_s = time.perf_counter() - started
        plain = await open_pair(
            platform, "duo", name="two", app_instance="api-v1-0", traits=Traits(mtls=False)
        )
        denied = await open_pair(
            platform,
            "duo",
            name="three",
            app_instance="api-v1-0",
            traits=Traits(behaviours=deny),
        )
        allowed = await open_pair(
            platform,
            "duo",
            name="four",
            app_instance="api-v1-0",
            traits=Traits(behaviours=allow),
        )
        direct = Ask(*await app_endpoint(platform, "duo", "api-v1-0"), "api", "/echo")
        answers = [await through(pair) for pair in (secure, plain, denied, allowed)]
        assert [answer.status for answer in answers] == [200, 200, 403, 200]
        assert {answers[index].headers["x-served-by"] for index in (0, 1, 3)} == {"api-v1-0"}
        assert b"x-forwarded-client-cert" in (await through(secure, "/echo")).body.lower()
        assert b"x-forwarded-client-cert" not in (await through(plain, "/echo")).body.lower()
        assert (await ask(direct)).status == 200
        assert len(secure.proxy_processes) == 2
        assert all(read_cpu(pid) for pid in secure.proxy_pids)
        assert took_s < 3
        for name in ("one", "two", "three", "four"):
            await close_pair(platform, "duo", name)
        await close_pair(platform, "duo", "four")
        after = {status.name for status in await platform.supervisor.list("sandbox")}  # type: ignore[union-attr]
        assert after == before
        places = Places(platform.settings.home_path, "duo")
        left = [*places.root.iterdir(), *places.sockets.iterdir(), *places.logs.iterdir()]
        assert not [path for path in left if path.name.startswith("pair-")]
        assert await close_abandoned(platform) == 0


async def test_an_open_pair_takes_other_traits_in_the_same_processes(platform: Platform) -> None:
    async with running_sandbox(platform, PLAIN):
        pair = await open_pair(platform, "duo", name="one", app_instance="api-v1-0")
        await change_pair(platform, "duo", pair, Traits(mtls=False))
        assert b"x-forwarded-client-cert" not in (await through(pair, "/echo")).body.lower()
        await change_pair(platform, "duo", pair, Traits(behaviours=(rule("deny", "web"),)))
        assert (await through(pair)).status == 403
        await change_pair(platform, "duo", pair, Traits())
        assert b"x-forwarded-client-cert" in (await through(pair, "/echo")).body.lower()
        near = Behaviour("near", Kind.LOCALITY, Target("api"), Locality())
        with pytest.raises(UnsupportedError):
            await change_pair(platform, "duo", pair, Traits(behaviours=(near,)))
        assert (await through(pair)).status == 200
        assert all(read_cpu(pid) for pid in pair.proxy_pids)
        await close_pair(platform, "duo", "one")


async def test_what_cannot_be_opened_leaves_nothing(platform: Platform) -> None:
    async with running_sandbox(platform, PLAIN):
        with pytest.raises(NotFoundError):
            await open_pair(platform, "duo", name="one", app_instance="ghost")
        with pytest.raises(InvalidInputError):
            await open_pair(platform, "duo", name="../x", app_instance="api-v1-0")
        near = Behaviour("near", Kind.LOCALITY, Target("api"), Locality())
        with pytest.raises(UnsupportedError):
            await open_pair(
                platform,
                "duo",
                name="one",
                app_instance="api-v1-0",
                traits=Traits(behaviours=(near,)),
            )
        assert platform.supervisor is not None
        assert len(await platform.supervisor.list("sandbox")) == 4
