"""Ranges of versions: what fits is what Helm itself lets pass."""

import json
from pathlib import Path

import pytest
from helm_python import Config
from helm_python import _native as native
from helm_python.errors import HelmReleaseError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from meshery.kube.helm.ranges import fits

VERSIONS = ("v1.27.0", "v1.28.0", "v1.28.5", "v1.29.0", "1.33.2", "v1.33.2-gke.100", "v1.34.1+k3s1")

RANGES = [
    *(">=1.28.0", ">=1.28.0-0", ">1.28", ">1", "<1.28", "<=1.28", "<=1", "=1.28", "!=1.28", "!=1"),
    *("1.28.x", "1.28.*", "1.x", "*", "x", "1", "1.28", "1.28.5", "v1.28.5", "~1.28", "~1.28.5"),
    *("~1", "^1.28", "^1.28.5", "^1", "^0.1", "~>1.28.0", "=>1.28", "=<1.28", ">= 1.28.0 < 1.30.0"),
    *(">=1.28.0,<1.30.0", ">=1.28.0, <1.29 || >=1.33", "1.27 - 1.28.0", "1.28.0 - 1.29", "<1.20.0"),
    *(
        "<1.29.0-0",
        ">=1.29.0-alpha.1",
        "nonsense",
        ">=",
        "1.28.0.0",
        ">>1.2",
        "|| 1.28",
        "~*",
        "^*",
    ),
]


@pytest.mark.parametrize("text", RANGES)
def test_what_fits_is_what_helm_lets_pass(tmp_path: Path, text: str) -> None:
    expected = {version: _passes(tmp_path, text, version) for version in VERSIONS}
    assert {version: fits(text, version) for version in VERSIONS} == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(
    sign=st.sampled_from(["", "=", "!=", ">", "<", ">=", "<=", "~", "^"]),
    numbers=st.lists(st.sampled_from(["0", "1", "28", "29", "x"]), min_size=1, max_size=3),
    suffix=st.sampled_from(["", "-0", "-rc.1"]),
)
def test_every_form_of_a_bound(tmp_path: Path, sign: str, numbers: list[str], suffix: str) -> None:
    is_whole = len(numbers) == 3 and "x" not in numbers
    text = f"{sign}{'.'.join(numbers)}{suffix if is_whole else ''}"
    for version in ("v1.28.0", "v1.29.1", "v1.0.0"):
        assert fits(text, version) == _passes(tmp_path, text, version), (text, version)


def test_no_range_holds_everything_and_no_version_fits_none() -> None:
    assert fits("", "v1.33.0")
    assert not fits(">=1.0", "")


def _passes(folder: Path, text: str, version: str) -> bool:
    """What Helm says: a client's dry run, for which no cluster is asked."""
    said = json.dumps(text)
    head = f"apiVersion: v2\nname: c\nversion: 1.0.0\nkubeVersion: {said}\n"
    (folder / "Chart.yaml").write_text(head)
    options = json.dumps({"dry_run": "client", "kube_version": version})
    nothing = native.HANDLE(0)
    with Config(namespace="x", storage_driver="memory") as config:
        try:
            native.call_string(
                "helm_install", config._raw(), nothing, nothing, str(folder), "r", "{}", options
            )
        except HelmReleaseError as error:
            return "kubeVersion" not in error.detail
    return True
