"""The image of operator and watcher, as far as can be told without building it.

That it works as a whole is seen by building and running it (docs/how-to/operator.md).
"""

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from meshery.cli.process import _ROLES
from meshery.kube.item import Metadata
from meshery.operator.images import MESHERY
from meshery.operator.manifests import manifests
from meshery.operator.meshsync_parts import USER, MeshSyncParts, Publishing
from meshery.operator.model import MeshSyncSpec, Served
from meshery.operator.names import MESHSYNCS, Key
from operators.extra import OUTSIDE

ROOT = Path(__file__).parents[2]
CONTAINERFILE = (ROOT / "Containerfile").read_text()


def operator_pod() -> Any:
    found = next(each for each in manifests() if each["kind"] == "Deployment")
    return found["spec"]["template"]["spec"]


def watcher_pod() -> Any:
    key = Key(MESHSYNCS, "meshery", "watcher")
    metadata = Metadata(name=key.name, namespace=key.namespace)
    parts = MeshSyncParts(Served(key, metadata, MeshSyncSpec(), (), {}), image=MESHERY)
    where = Publishing(shown="nats://nats:4222", secret="auth", address="nats:4222")
    return parts.deployment(where)["spec"]["template"]["spec"]


def said(instruction: str) -> str:
    """What the last stage says of it."""
    last = CONTAINERFILE[CONTAINERFILE.rindex("\nFROM ") :]
    return str(re.findall(rf"^{instruction} (.+)$", last, re.MULTILINE)[-1])


@pytest.mark.parametrize("pod", [operator_pod(), watcher_pod()], ids=["operator", "watcher"])
def test_pods_ask_for_what_the_image_has(pod: Any) -> None:
    account, container = pod["securityContext"], pod["containers"][0]
    assert (account["runAsUser"], account["runAsGroup"]) == (USER, USER)
    assert account["runAsNonRoot"]
    assert said("USER") == f"{USER}:{USER}"
    program, role, *_ = container["command"]
    assert said("ENTRYPOINT") == f'["{program}"]'
    assert role in _ROLES
    assert container["image"] == MESHERY
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_last_stage_holds_only_what_is_copied_to_it() -> None:
    stages = CONTAINERFILE.split("\nFROM ")[1:]
    assert ["RUN" in each for each in stages] == [True, False]


def test_what_goes_in_is_what_the_ignore_file_lets_in() -> None:
    copied = re.findall(r"^COPY (?!--from)(\S+)", CONTAINERFILE, re.MULTILINE)
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "*",
        *(f"!{each}" for each in copied),
    ]


def test_without_an_engine_the_package_is_named(tmp_path: Path) -> None:
    found = shutil.which("dirname")
    assert found is not None
    (tmp_path / "dirname").symlink_to(found)
    tried = subprocess.run(
        ["/bin/sh", ROOT / "tools" / "image", sys.executable],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (tried.returncode, tried.stdout) == (1, "")
    assert "apt-get install podman" in tried.stderr


def test_the_extra_is_enough_for_operator_and_watcher() -> None:
    """As in the image: no other library, no generated class of the client, nowhere to write."""
    assert {"sqlalchemy", "fastapi", "nicegui", "numpy", "uvicorn"} <= OUTSIDE
    script = Path(__file__).with_name("extra.py")
    tried = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, timeout=60
    )
    assert tried.returncode == 0, tried.stderr
    loaded = set(tried.stdout.split())
    assert {"meshery.operator.process", "meshery.discovery.watch.process"} <= loaded
    assert not {name for name in loaded if name.startswith("meshery.server")}
