"""Pages over a real control plane: what kubectl changes is on the open page, without a reload."""

from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from clusters.play import clear, play
from clusters.script import load
from connections.kubeconfigs import access_of, text_of
from fixtures.kube import KubeNamespace, config_map, kubectl
from fixtures.server import RunningServer, serving
from fixtures.waiting import until
from meshery.kube.local.control_plane import ControlPlane
from ui.chromium import SIZES, Browser, browsing
from ui.looking import look

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SCRIPT = "cilium-mesh"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with serving(tmp_path_factory.mktemp("live") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def browser(server: RunningServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browsing(tmp_path_factory.mktemp("chromium")) as reader:
        reader.size(*SIZES[0])
        reader.dark(False)
        reader.log_in(server.url, server.token)
        yield reader


@pytest.fixture
def connected(server: RunningServer, kube: ControlPlane) -> None:
    """The control plane is connected; once is enough, again does no harm."""
    file = server.home / "kubeconfig"
    file.write_text(text_of(access_of(kube, name="staging")))
    done = server.mesheryctl("kubernetes", "connect", "--kubeconfig", str(file))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
async def free(kube: ControlPlane) -> AsyncIterator[None]:
    """Nothing of the script is there before, nor after."""
    script = load(SCRIPT)

    async def is_free() -> bool:
        names = (await kubectl(kube, "get", "namespaces", "-o", "name")).split()
        taken = {name.removeprefix("namespace/") for name in names} & script.namespaces
        return taken <= {"kube-system"}

    await until(is_free, timeout_s=60, what="no namespace of the script")
    yield
    await clear(kube, script)


def open_once(browser: Browser, path: str) -> None:
    """Open a page, and mark it so that a reload would be noticed."""
    browser.visit(path)
    browser.run("window.openedOnce = true")


def is_same_visit(browser: Browser) -> bool:
    return browser.run("return window.openedOnce === true") is True


@pytest.mark.usefixtures("connected", "free")
async def test_a_mesh_comes_and_changes_on_the_open_page(
    browser: Browser, server: RunningServer, kube: ControlPlane
) -> None:
    open_once(browser, "/meshes")
    browser.sees("No mesh is found in 1 cluster", seconds=60)
    browser.picture("usual-no-mesh-1440-light")
    await play(kube, load(SCRIPT))
    browser.sees("Cilium", seconds=60)
    browser.sees("1.18.4")

    async def agrees() -> bool:
        """Whether the page tells the pods that the API tells."""
        with server.client() as client:
            (item,) = client.get("/api/meshes")["items"]
        planes = item["data_planes"]
        words = f"{planes['meshed']} of {planes['eligible']}"
        return planes["meshed"] > 0 and words in browser.text()

    await until(agrees, timeout_s=60, what="the pods of the mesh on the page")
    assert is_same_visit(browser)
    look(browser, "usual-meshes", "/meshes")

    browser.size(*SIZES[0])
    browser.click("Cilium")
    browser.sees("Control planes")
    browser.run("window.openedOnce = true")
    await kubectl(kube, "-n", "cil-sys", "scale", "deployment/cilium-operator", "--replicas=3")
    browser.sees("3 of 3", seconds=30)
    assert is_same_visit(browser)
    browser.size(*SIZES[0])
    address = browser.run("return location.pathname")
    look(browser, "usual-mesh", address)
    look(browser, "usual-dashboard-clusters", "/")

    browser.size(*SIZES[0])
    open_once(browser, address)
    await kubectl(kube, "delete", "namespace", "cil-sys", "--wait=false")
    browser.sees("This mesh is not found any more", seconds=60)
    assert is_same_visit(browser)


@pytest.mark.usefixtures("connected")
async def test_an_object_comes_and_goes_in_the_list(
    browser: Browser, kube_namespace: KubeNamespace
) -> None:
    space = kube_namespace.name
    name = f"settings-{uuid4().hex[:6]}"
    browser.size(*SIZES[0])
    open_once(browser, f"/resources?kind=ConfigMap&namespace={space}")
    browser.sees("kube-root-ca.crt", seconds=60)
    await kube_namespace.create(config_map(name, colour="blue"))
    browser.sees(name)
    await kube_namespace.kubectl("label", "configmap", name, "tier=web")
    browser.sees("tier=web")
    look(browser, "usual-resources", f"/resources?kind=ConfigMap&namespace={space}")
    browser.size(*SIZES[0])
    open_once(browser, f"/resources?namespace={space}&label=tier=web")
    browser.sees("1 object is like that")
    await kube_namespace.kubectl("delete", "configmap", name)
    browser.sees("0 objects are like that")
    assert is_same_visit(browser)


@pytest.mark.usefixtures("connected")
async def test_an_object_changes_on_its_page_until_it_is_gone(
    browser: Browser, kube_namespace: KubeNamespace
) -> None:
    name = f"settings-{uuid4().hex[:6]}"
    await kube_namespace.create(config_map(name, colour="blue"))
    browser.size(*SIZES[0])
    browser.visit(f"/resources?search={name}")
    browser.sees(name, seconds=60)
    browser.click(name)
    browser.sees("What it is")
    browser.run("window.openedOnce = true")
    await kube_namespace.kubectl("annotate", "configmap", name, "example.com/owner=ann")
    browser.sees("example.com/owner: ann")
    browser.sees("modified")
    address = browser.run("return location.pathname")
    look(browser, "usual-resource", address)
    browser.size(*SIZES[0])
    open_once(browser, address)
    browser.run("document.querySelector('#history details').open = true")
    browser.sees("+  annotations:")
    browser.picture("usual-history-1440-light")
    await kube_namespace.kubectl("delete", "configmap", name)
    browser.sees("It is gone; below is what was seen last.")
    assert is_same_visit(browser)
    browser.visit(address)
    browser.sees("It is gone since")


@pytest.mark.usefixtures("connected")
async def test_the_feed_follows_waits_and_goes_on(
    browser: Browser, kube_namespace: KubeNamespace
) -> None:
    space = kube_namespace.name
    browser.size(*SIZES[0])
    open_once(browser, f"/resources/changes?kind=ConfigMap&namespace={space}")
    await kube_namespace.create(config_map("first", colour="blue"))
    browser.sees("first", seconds=60)
    browser.click("Pause")
    browser.sees("Paused after change")
    await kube_namespace.create(config_map("second"), config_map("third"))
    browser.sees("2 changes wait")
    assert "second" not in browser.text()
    browser.picture("usual-changes-paused-1440-light")
    browser.click("Resume")
    browser.sees("second")
    browser.sees("third")
    browser.sees("2 changes since you came here")
    await kube_namespace.kubectl("delete", "configmap", "second")
    browser.sees("deleted")
    assert is_same_visit(browser)
    look(browser, "usual-changes", browser.run("return location.pathname + location.search"))


@pytest.mark.usefixtures("connected")
async def test_an_address_goes_on_after_its_change(
    browser: Browser, kube_namespace: KubeNamespace
) -> None:
    """What came while nobody looked is told when the address is opened again."""
    space = kube_namespace.name
    browser.size(*SIZES[0])
    browser.visit(f"/resources/changes?kind=ConfigMap&namespace={space}")
    await kube_namespace.create(config_map("before"))
    browser.sees("before", seconds=60)
    browser.until("return location.search.includes('after=')")
    address = browser.run("return location.pathname + location.search")
    browser.visit("/settings")
    await kube_namespace.create(config_map("meanwhile"))
    browser.visit(address)
    browser.sees("meanwhile", seconds=60)
    browser.sees("1 change since you came here")
