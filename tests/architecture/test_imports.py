"""Each process loads only what it is for: checked in a fresh interpreter, by `sys.modules`."""

import json
import subprocess
import sys

import pytest

SERVER_LIBRARIES = {
    *("fastapi", "starlette", "sqlalchemy", "nicegui", "pydantic", "nats", "numpy"),
    *("kubernetes", "aiohttp", "strawberry", "graphql"),
}

PROCESSES = [
    ("import meshery.cli.main", SERVER_LIBRARIES | {"click", "rich", "httpx2", "kubernetes"}),
    ("import meshery.demo.commands", SERVER_LIBRARIES | {"rich", "httpx2", "cryptography"}),
    ("import meshery.sandbox.commands", SERVER_LIBRARIES | {"rich", "cryptography"}),
    ("import meshery.performance.commands", SERVER_LIBRARIES | {"rich", "cryptography"}),
    (
        "import meshery.connections.commands, meshery.connections.flatten",
        SERVER_LIBRARIES | {"rich", "httpx2", "cryptography"},
    ),
    (
        "import meshery.discovery.commands, meshery.discovery.commands_meshes",
        SERVER_LIBRARIES | {"rich", "httpx2", "cryptography"},
    ),
    (
        "import meshery.adapters.commands",
        SERVER_LIBRARIES | {"rich", "cryptography", "grpc", "google", "httpx2"},
    ),
    ("import meshery.operations.commands", SERVER_LIBRARIES | {"rich", "cryptography"}),
    ("import meshery.kube.kubeconfig", SERVER_LIBRARIES | {"rich", "httpx2", "cryptography"}),
    (
        "import meshery.kube.client, meshery.kube.watching",
        SERVER_LIBRARIES - {"aiohttp", "pydantic"},
    ),
    (
        "import meshery.kube.helm.child, meshery.kube.helm.backend",
        SERVER_LIBRARIES | {"rich", "httpx2", "cryptography", "yaml"},
    ),
    (
        "import meshery.discovery.watch.process",
        {"sqlalchemy", "alembic", "fastapi", "starlette", "uvicorn", "nicegui", "numpy"},
    ),
    (
        "import meshery.operator.process",
        SERVER_LIBRARIES - {"aiohttp", "pydantic"},
    ),
    ("import meshery.client.http", SERVER_LIBRARIES | {"cryptography"}),
    ("import meshery.processes.supervisor_process", SERVER_LIBRARIES | {"httpx2", "uvicorn"}),
    ("import meshery.performance.native.process", SERVER_LIBRARIES | {"httpx2", "uvicorn"}),
    ("import meshery.sandbox.app.__main__", SERVER_LIBRARIES | {"httpx2", "uvicorn"}),
    (
        "import meshery.adapters.serving, meshery.adapters.client, meshery.adapters.legacy_client",
        SERVER_LIBRARIES
        | {"structlog", "prometheus_client", "cryptography", "rich", "click", "uvicorn"},
    ),
    (
        "from meshery.operations import kinds, worker_process; kinds.load_kinds()",
        {"fastapi", "kubernetes", "nicegui", "numpy", "strawberry", "uvicorn"},
    ),
]


@pytest.mark.parametrize(("start", "forbidden"), PROCESSES, ids=[start for start, _ in PROCESSES])
def test_a_process_loads_only_its_own_libraries(start: str, forbidden: set[str]) -> None:
    show = "import json, sys; print(json.dumps(sorted({n.split('.')[0] for n in sys.modules})))"
    shown = subprocess.run(
        [sys.executable, "-c", f"{start}; {show}"], capture_output=True, check=True, text=True
    )
    assert not forbidden & set(json.loads(shown.stdout))
