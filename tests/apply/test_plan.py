import pytest

from apply.target_suite import account
from meshery.apply.plan import Wanted, digest_of, make_plan
from meshery.apply.target import Object
from meshery.apply.tiers import Tier
from meshery.core.errors import InvalidInputError


def thing(api_version: str, kind: str, name: str, **more: object) -> Object:
    metadata = {"name": name, **({"namespace": more.pop("at")} if "at" in more else {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **more}


def definition(group: str, kind: str, *, scope: str = "Namespaced") -> Object:
    spec = {"group": group, "names": {"kind": kind}, "scope": scope}
    name = f"{kind.lower()}s.{group}"
    return thing("apiextensions.k8s.io/v1", "CustomResourceDefinition", name, spec=spec)


def order(*wanted: Wanted | Object) -> list[str]:
    parts = [each if isinstance(each, Wanted) else Wanted(each) for each in wanted]
    return [node.key for node in make_plan(parts, deployment="d1").nodes]


def faults(*wanted: Wanted) -> list[str]:
    with pytest.raises(InvalidInputError) as caught:
        make_plan(wanted, deployment="d1")
    return [f"{problem.path} {problem.message}" for problem in caught.value.problems]


def test_kinds_have_their_order() -> None:
    assert order(
        thing("networking.istio.io/v1", "Gateway", "edge", at="mesh"),
        thing("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "judge"),
        thing("apps/v1", "Deployment", "plane", at="mesh"),
        thing("v1", "Service", "plane", at="mesh"),
        thing("v1", "Service", "edge", at="mesh", spec={"type": "LoadBalancer"}),
        thing("rbac.authorization.k8s.io/v1", "ClusterRole", "reader"),
        definition("networking.istio.io", "Gateway"),
        thing("v1", "Namespace", "mesh"),
    ) == [
        "Namespace mesh",
        "CustomResourceDefinition.apiextensions.k8s.io gateways.networking.istio.io",
        "ClusterRole.rbac.authorization.k8s.io reader",
        "Service mesh/plane",
        "Deployment.apps mesh/plane",
        "Service mesh/edge",
        "ValidatingWebhookConfiguration.admissionregistration.k8s.io judge",
        "Gateway.networking.istio.io mesh/edge",
    ]


def test_gateway_api_is_no_group_of_kubernetes_itself() -> None:
    plan = make_plan(
        [
            Wanted(thing("gateway.networking.k8s.io/v1", "HTTPRoute", "r")),
            Wanted(thing("networking.k8s.io/v1", "Ingress", "i")),
        ],
        deployment="d1",
    )
    assert [node.tier for node in plan.nodes] == [Tier.WORKLOAD, Tier.CUSTOM]


def test_objects_need_their_namespace_and_the_definition_of_their_kind() -> None:
    plan = make_plan(
        [
            Wanted(definition("x.io", "Thing")),
            Wanted(thing("v1", "Namespace", "one")),
            Wanted(thing("x.io/v1", "Thing", "t", at="one")),
        ],
        deployment="d1",
    )
    assert plan.by_key["Thing.x.io one/t"].needs == (
        "CustomResourceDefinition.apiextensions.k8s.io things.x.io",
        "Namespace one",
    )


def test_a_binding_needs_its_role() -> None:
    group = "rbac.authorization.k8s.io"
    role = {"apiGroup": group, "kind": "ClusterRole", "name": "z"}
    assert order(
        thing(f"{group}/v1", "RoleBinding", "a", at="one", roleRef=role),
        thing(f"{group}/v1", "ClusterRole", "z"),
    ) == [f"ClusterRole.{group} z", f"RoleBinding.{group} one/a"]


def test_a_namespace_on_what_is_in_none_means_nothing() -> None:
    role = thing("rbac.authorization.k8s.io/v1", "ClusterRole", "r", at="mesh")
    whole = thing("x.io/v1", "Whole", "w", at="mesh")
    plan = make_plan(
        [Wanted(role), Wanted(whole), Wanted(definition("x.io", "Whole", scope="Cluster"))],
        deployment="d1",
    )
    assert [node.ref.namespace for node in plan.nodes] == ["default"] * 3
    assert all("namespace" not in node.document["metadata"] for node in plan.nodes)
    assert role["metadata"]["namespace"] == "mesh", "what was given is not changed"


@pytest.mark.parametrize(
    "word",
    ["b", "ServiceAccount b", "ServiceAccount default/b", "part of b"],
)
def test_dependencies_go_by_any_clear_name(word: str) -> None:
    found = order(Wanted(account("a"), needs=(word,)), Wanted(account("b"), part="part of b"))
    assert found == ["ServiceAccount default/b", "ServiceAccount default/a"]


def test_a_part_means_all_its_objects() -> None:
    found = order(
        Wanted(account("a"), part="first", needs=("last",)),
        Wanted(account("y"), part="last"),
        Wanted(account("x"), part="last"),
    )
    assert [key.rpartition("/")[2] for key in found] == ["x", "y", "a"]


def test_every_fault_is_told_at_once() -> None:
    secret = thing("v1", "Secret", "twin")
    assert faults(
        Wanted(account("a"), needs=("nobody", "twin", "a")),
        Wanted(account("twin")),
        Wanted(secret),
        Wanted(account("twin")),
        Wanted({"kind": "Secret", "metadata": {}}),
        Wanted(account("p"), part="p", needs=("p",)),
    ) == [
        "[4].apiVersion is missing",
        "[4].metadata.name is missing",
        "[3] ServiceAccount default/twin is given twice",
        "[0].needs ServiceAccount default/a: needs 'nobody', and nothing in the plan is called so",
        (
            "[0].needs ServiceAccount default/a: needs 'twin', which may be "
            "Secret default/twin or ServiceAccount default/twin"
        ),
        "[0].needs ServiceAccount default/a: needs itself",
        "[5].needs ServiceAccount default/p: needs itself",
    ]


def test_one_object_in_two_versions_is_given_twice() -> None:
    one = Wanted(thing("autoscaling/v1", "HorizontalPodAutoscaler", "h"))
    two = Wanted(thing("autoscaling/v2", "HorizontalPodAutoscaler", "h"))
    assert faults(one, two) == ["[1] HorizontalPodAutoscaler.autoscaling default/h is given twice"]


def test_a_digest_is_of_what_the_author_wrote() -> None:
    document = account("a", one="1", two="2")
    turned = {key: document[key] for key in reversed(document)}
    read = {**document, "metadata": {**document["metadata"], "uid": "u"}, "status": {"x": 1}}
    assert digest_of(document) == digest_of(turned) == digest_of(read)
    assert digest_of(document) != digest_of(account("a", one="1"))
