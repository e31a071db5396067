"""What is rendered for Envoy, as Cilium's agent hands it on, is taken by a real Envoy."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from meshery.core.errors import MesheryError
from meshery.sandbox.preflight import envoy_path

Object = dict[str, Any]

GOLDEN = Path(__file__).parent / "golden"
BUILT_IN = (
    "envoy.filters.network.http_connection_manager",
    "envoy.filters.network.tcp_proxy",
    "envoy.filters.http.local_ratelimit",
    "envoy.filters.http.router",
)


def configs() -> list[Object]:
    documents = [yaml.safe_load(file.read_text().split("\n---\n")[1]) for file in GOLDEN.iterdir()]
    made = [each for document in documents for each in document["objects"]]
    return [each for each in made if each["kind"] == "CiliumEnvoyConfig"]


def of_type(config: Object, name: str) -> list[Object]:
    found = [each for each in config["spec"]["resources"] if each["@type"].endswith(f".{name}")]
    return [{key: each[key] for key in each if key != "@type"} for each in found]


def bootstrap(config: Object) -> Object:
    """Endpoints, routes and an address in the places that the agent fills."""
    (listener,) = of_type(config, "Listener")
    listener["address"] = {"socket_address": {"address": "127.0.0.1", "port_value": 10000}}
    filter_ = listener["filter_chains"][0]["filters"][0]
    if "rds" in filter_["typed_config"]:
        (routes,) = of_type(config, "RouteConfiguration")
        assert filter_["typed_config"].pop("rds") == {"route_config_name": routes["name"]}
        filter_["typed_config"]["route_config"] = {**routes, "validate_clusters": True}
    clusters = of_type(config, "Cluster")
    for each in clusters:
        assert each.pop("eds_cluster_config")["service_name"].count("/") == 1
        each["type"] = "STATIC"
    return {"static_resources": {"listeners": [listener], "clusters": clusters}}


def test_only_filters_that_ciliums_build_has_are_named() -> None:
    names = set()
    for config in configs():
        for listener in of_type(config, "Listener"):
            for each in listener["filter_chains"][0]["filters"]:
                names |= {each["name"]}
                names |= {inner["name"] for inner in each["typed_config"].get("http_filters", [])}
    assert names == set(BUILT_IN)


def test_a_real_envoy_takes_every_config(tmp_path: Path) -> None:
    try:
        envoy = envoy_path()
    except MesheryError as missing:
        pytest.skip(str(missing))
    assert len(configs()) >= 6
    for place, config in enumerate(configs()):
        file = tmp_path / f"{place}.json"
        file.write_text(json.dumps(bootstrap(config)))
        command = [str(envoy), "--mode", "validate", "-l", "error", "-c", str(file)]
        found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert found.returncode == 0, f"{config['metadata']}: {found.stderr}"
