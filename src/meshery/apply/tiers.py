"""Which objects come before which, by their kinds alone.

A mesh's control plane is ready before its webhooks are registered, or every pod of the cluster
would be refused; and custom resources come after the webhooks that judge them. Taken away in the
opposite order, custom resources go while their controllers live.

What only becomes ready by the work of those that use it (a volume that is bound when its pod comes,
a load balancer's address) stands among the workloads, and holds none of them back.
"""

from enum import IntEnum

from meshery.apply.target import Object, Ref


class Tier(IntEnum):
    """All objects of a tier are ready before one of the next is applied."""

    NAMESPACE = 0
    DEFINITION = 1
    GROUND = 2
    SERVICE = 3
    WORKLOAD = 4
    ADMISSION = 5
    CUSTOM = 6

    def __str__(self) -> str:
        return self.name.lower()


DEFINITION = "CustomResourceDefinition"
WEBHOOKS = frozenset({"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"})

_KINDS = {
    "Namespace": Tier.NAMESPACE,
    DEFINITION: Tier.DEFINITION,
    **dict.fromkeys(
        (
            "ClusterRole",
            "ClusterRoleBinding",
            "ConfigMap",
            "CSIDriver",
            "DeviceClass",
            "FlowSchema",
            "IngressClass",
            "LimitRange",
            "NetworkPolicy",
            "PersistentVolume",
            "PodDisruptionBudget",
            "PriorityClass",
            "PriorityLevelConfiguration",
            "ResourceQuota",
            "Role",
            "RoleBinding",
            "RuntimeClass",
            "Secret",
            "ServiceAccount",
            "StorageClass",
        ),
        Tier.GROUND,
    ),
    **dict.fromkeys(("Service", "Endpoints", "EndpointSlice"), Tier.SERVICE),
    **dict.fromkeys(
        (
            *WEBHOOKS,
            "APIService",
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
        ),
        Tier.ADMISSION,
    ),
}
_CLUSTER_WIDE = frozenset(
    {
        "Namespace",
        DEFINITION,
        "ClusterRole",
        "ClusterRoleBinding",
        "CSIDriver",
        "DeviceClass",
        "FlowSchema",
        "IngressClass",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "PriorityLevelConfiguration",
        "RuntimeClass",
        "StorageClass",
    }
)
_BUILT_IN = frozenset({"", "apps", "autoscaling", "batch", "extensions", "policy"})
_GROUPS_OF_KUBERNETES = frozenset(
    {
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "apiregistration.k8s.io",
        "certificates.k8s.io",
        "coordination.k8s.io",
        "discovery.k8s.io",
        "events.k8s.io",
        "flowcontrol.apiserver.k8s.io",
        "networking.k8s.io",
        "node.k8s.io",
        "rbac.authorization.k8s.io",
        "resource.k8s.io",
        "scheduling.k8s.io",
        "storage.k8s.io",
    }
)


def group_of(ref: Ref) -> str:
    """The API group; empty for the core group."""
    return ref.api_version.rpartition("/")[0]


def is_custom(ref: Ref) -> bool:
    """Whether a kind is not Kubernetes' own, so that something must have brought it."""
    return group_of(ref) not in _BUILT_IN | _GROUPS_OF_KUBERNETES


def is_cluster_wide(ref: Ref) -> bool:
    """Whether a kind of Kubernetes' own is in no namespace; not known of custom kinds."""
    is_admission = _KINDS.get(ref.kind) is Tier.ADMISSION
    return not is_custom(ref) and (ref.kind in _CLUSTER_WIDE or is_admission)


def tier_of(document: Object, ref: Ref) -> Tier:
    """The tier of an object."""
    if is_custom(ref):
        return Tier.CUSTOM
    if ref.kind == "Service" and (document.get("spec") or {}).get("type") == "LoadBalancer":
        return Tier.WORKLOAD
    return _KINDS.get(ref.kind, Tier.WORKLOAD)


def key_of(ref: Ref) -> str:
    """An object's name in plans: the same whatever version of its API it is written in."""
    group = group_of(ref)
    kind = f"{ref.kind}.{group}" if group else ref.kind
    return f"{kind} {ref.name}" if is_cluster_wide(ref) else f"{kind} {ref.namespace}/{ref.name}"
