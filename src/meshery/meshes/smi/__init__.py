"""The Service Mesh Interface, for the meshes that are driven by it: OSM, Traefik Mesh, NGINX.

Each of them serves versions of its own (`Dialect`). The specification ended on 2023-10-20
(servicemeshinterface/smi-spec is archived); what goes on is Gateway API.
"""
