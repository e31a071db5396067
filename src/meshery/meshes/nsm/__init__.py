"""Network Service Mesh 1.x: networks of layer 2 and 3 between pods, chained and chosen by labels.

It sees packets, not requests, so most behaviours have no place. It is installed by the vendor's
kustomize folders (networkservicemesh/deployments-k8s), not by a chart: helm.nsm.dev, which the
original used, carries the classic mesh of before 2021 only.

Operations of the original that are left out: `nsm-icmp-responder-sample-app`,
`nsm-vpp-icmp-responder-sample-app` and `nsm-vpn-sample-app` (charts of the classic mesh, which 1.x
does not run), `smi_conformance` (it never took SMI).
"""
