"""The operations that every adapter of the original's library has, ids and texts to the letter."""

from meshery.adapters.mesh import Operation

CUSTOM = Operation(key="custom", text="Custom YAML", category="custom", does="custom")

COMMON = (
    Operation(
        key="bookinfo",
        text="Istio Book Info Application",
        category="sample",
        does="sample",
        argument="bookinfo",
    ),
    Operation(
        key="httpbin",
        text="HTTPBin Application",
        category="sample",
        does="sample",
        argument="httpbin",
    ),
    Operation(
        key="imagehub",
        text="Image Hub Application",
        category="sample",
        does="sample",
        argument="imagehub",
    ),
    Operation(
        key="emojivoto",
        text="EmojiVoto Application",
        category="sample",
        does="sample",
        argument="emojivoto",
    ),
    CUSTOM,
    Operation(
        key="smi_conformance",
        text="SMI Conformance",
        category="validate",
        does="conformance",
        argument="smi",
    ),
)
