"""Which kinds a watch-list and the command line choose."""

import json
from typing import Any

import msgspec
import pytest

from kube.examples import CONFIG_MAPS, DEPLOYMENTS, PODS
from meshery.core.errors import InvalidInputError, UnavailableError
from meshery.core.settings import BusSettings, Settings
from meshery.discovery.model import ChangeKind
from meshery.discovery.watch.broker import broker_address
from meshery.discovery.watch.choice import EVERYTHING, Choice, read_watch_list
from meshery.discovery.watch.options import read_options
from meshery.discovery.watch.tiers import EVENTS
from meshery.kube.kinds import Kinds
from meshery.kube.resource import Resource

ROLES = Resource(
    group="rbac.authorization.k8s.io",
    version="v1",
    kind="ClusterRole",
    plural="clusterroles",
    namespaced=False,
    singular="clusterrole",
)


def as_served(resource: Resource) -> Resource:
    return msgspec.structs.replace(resource, verbs=("list", "watch"))


SERVED = Kinds(as_served(each) for each in (PODS, CONFIG_MAPS, DEPLOYMENTS, ROLES))


def chosen(choice: Choice) -> list[str]:
    return [row.name for row in choice.rows(SERVED).values()]


def told(choice: Choice) -> list[frozenset[ChangeKind]]:
    return [row.events for row in choice.rows(SERVED).values()]


def lists(**data: Any) -> Choice:
    texts = {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in data.items()
    }
    return read_watch_list({"data": texts})


def test_without_a_list_all_that_matters_is_watched() -> None:
    assert chosen(EVERYTHING) == ["deployments.v1.apps", "pods.v1.", "configmaps.v1."]
    assert lists(whitelist="", blacklist="") == read_watch_list(None) == EVERYTHING


def test_a_whitelist_chooses_kinds_and_changes() -> None:
    rows = [
        {"Resource": "pods.v1.", "Events": ["ADDED", "DELETED"]},
        {"Resource": "clusterroles.v1.rbac.authorization.k8s.io", "Events": ["ADDED"]},
        {"Resource": "grafanas.v1beta1.grafana.integreatly.org", "Events": []},
    ]
    choice = lists(whitelist=rows)
    assert chosen(choice) == ["pods.v1.", "clusterroles.v1.rbac.authorization.k8s.io"]
    assert told(choice) == [{"ADDED", "DELETED"}, {"ADDED"}]


@pytest.mark.parametrize(
    "word", ["Pod", "pod", "pods", "po", "pods.v1", "pods.v1.", "Deployment", "deployments.apps"]
)
def test_changes_are_chosen_by_any_word_for_a_kind(word: str) -> None:
    rows = [{"Resource": word, "Events": ["ADDED"]}]
    assert told(lists(whitelist=rows)) == [{"ADDED"}]


def test_a_kind_that_is_named_twice_has_the_changes_of_both() -> None:
    rows = [{"Resource": "pods", "Events": ["ADDED"]}, {"Resource": "Pod", "Events": ["DELETED"]}]
    assert told(lists(whitelist=rows)) == [{"ADDED", "DELETED"}]
    rows.append({"Resource": "po", "Events": []})
    assert told(lists(whitelist=rows)) == [EVENTS]


def test_a_blacklist_leaves_out() -> None:
    choice = lists(blacklist=["pods.v1.", "gateways.v1.networking.istio.io"])
    assert chosen(choice) == ["deployments.v1.apps", "configmaps.v1."]


@pytest.mark.parametrize("word", ["Pod", "deployments.apps", "deployments.v1beta1.apps"])
def test_both_lists_understand_the_same_words(word: str) -> None:
    """Also a version that is served beside the one that is watched: it is the same kind."""
    older = msgspec.structs.replace(as_served(DEPLOYMENTS), version="v1beta1", preferred=False)
    served = Kinds([*SERVED.all, older])
    (only,) = Choice(only={word: frozenset()}).rows(served)
    assert only not in Choice(without=frozenset([word])).rows(served)


@pytest.mark.parametrize(
    "data",
    [
        {"whitelist": "[", "blacklist": ""},
        {"whitelist": '[{"Resource": 7}]'},
        {"whitelist": '[{"Resource": "pods.v1.", "Events": ["BOILED"]}]'},
        {"blacklist": '{"a": 1}'},
        {"whitelist": '[{"Resource": "pods.v1."}]', "blacklist": '["pods.v1."]'},
    ],
)
def test_a_list_that_cannot_be_used_is_refused(data: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError, match="watch-list"):
        read_watch_list({"data": data})


def test_words_of_the_command_line_are_those_of_kubectl() -> None:
    choice = Choice(only=dict.fromkeys(("Pod", "deployment", "clusterroles"), frozenset()))
    found = ["deployments.v1.apps", "pods.v1.", "clusterroles.v1.rbac.authorization.k8s.io"]
    assert chosen(choice) == found


def test_flags_are_written_as_go_or_as_we_write_them() -> None:
    go = [
        "-output",
        "file",
        "-outputFile",
        "f.yaml",
        "-outputNamespaces",
        "a, b",
        "-stopAfter",
        "8s",
    ]
    ours = [f"-{word}" if word.startswith("-") else word for word in go]
    found = read_options(go, {"POD_NAME": "p"})
    assert found == read_options(ours, {"POD_NAME": "p"})
    assert (found.is_file, found.namespaces, found.stop_after_s) == (True, frozenset("ab"), 8.0)
    assert (found.lease, found.holder) == (None, "p")


def test_in_a_pod_there_is_a_lease() -> None:
    pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "POD_NAMESPACE": "meshery", "HOSTNAME": "h"}
    lease = read_options([], pod).lease
    assert lease is not None
    assert (lease.namespace, lease.name) == ("meshery", "meshery-discovery")
    assert read_options(["--lease", ""], pod).lease is None
    with pytest.raises(InvalidInputError, match="names nothing"):
        read_options(["--meshsync", "meshery"], pod)


@pytest.mark.parametrize(
    ("text", "token", "url", "found"),
    [
        ("nats://t@broker:4222", "", "nats://broker:4222", "t"),
        ("broker:4222", "t", "nats://broker:4222", "t"),
        ("tls://t@broker", "other", "tls://broker:4222", "t"),
        ("nats://t@a:1,nats://t@b:2", "", "nats://a:1,nats://b:2", "t"),
        ("nats://t@[::1]:4222", "", "nats://[::1]:4222", "t"),
    ],
)
def test_the_broker_is_where_its_url_says(text: str, token: str, url: str, found: str) -> None:
    address = broker_address(Settings(), environment={"BROKER_URL": text, "NATS_TOKEN": token})
    assert (address.url, address.token) == (url, found)


@pytest.mark.parametrize(
    "text", ["http://hidden@b", "nats://hidden@", "nats://u:hidden@b", "nats://hidden@b:x"]
)
def test_what_is_no_broker_is_refused_without_its_token(text: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        broker_address(Settings(), environment={"BROKER_URL": text})
    assert "hidden" not in str(caught.value.as_dict())


def test_without_a_broker_the_settings_decide() -> None:
    settings = Settings(bus=BusSettings(url="nats://somewhere:4222"))
    assert broker_address(settings, environment={}).url == "nats://somewhere:4222"
    with pytest.raises(UnavailableError):
        broker_address(Settings(home="/nowhere"), environment={})
