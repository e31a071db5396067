"""Istio as the product knows it."""

from meshery.adapters.mesh import Mesh, Status, Versions
from meshery.meshes.istio.table import render

MESH = Mesh(
    name="istio",
    title="Istio",
    smp="ISTIO",
    port=10000,
    status=Status(state="active", as_of="2026-11-21", source="istio.io/latest/news/releases"),
    versions=Versions(known=(), as_of="2026-11-22", source="istio.io"),
    render=render,
)
