"""Citrix Service Mesh: Istio's control plane with NetScaler CPX as its proxies, by an xDS adaptor.

Behaviours are rendered as Istio's objects; what the adaptor is not known to carry over says so.
Nothing is installed: the scripts of 2019 that the original ran fetched Istio 1.3 and are gone, so
`cpx_install` and `cpx_mtls_install` are left out, as are `install_smi` (Istio's SMI adapter ended
with SMI) and `google_microservices_demo_application` (its manifests were those of 2019). What
configures Book Info is kept, as Istio's objects.
"""
