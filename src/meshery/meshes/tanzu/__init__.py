"""VMware Tanzu Service Mesh (once NSX Service Mesh): a service that curates Istio in clusters.

Its policies (global namespaces, SLOs) live in the vendor's service, whose API is for customers: so
nothing is rendered, and its Istio is spoken to as Istio. Clusters are joined from the service's
console, so `nsx-sm_install` and `nsx-sm_mtls_install` are left out (they fetched Istio 1.3 under
another name), as are `install_smi` (Istio's SMI adapter ended with SMI) and
`google_microservices_demo_application` (its manifests were those of 2019); `cb1` and the Book Info
routing wrote objects of a group that never was (`networking.nsx-sm.io`), so they are left out too.
"""
