"""What of a behaviour's target and source a mesh cannot narrow, said in one manner."""

from meshery.adapters.draft import Draft


def not_narrowed(draft: Draft, *, port: str = "", subset: str = "", source: str = "") -> None:
    """Tell what has no place, each with its reason; an empty reason means that it has one."""
    target = draft.behaviour.target
    if port and target.port is not None:
        draft.dropped("target.port", port)
    if subset and target.subset is not None:
        draft.dropped("target.subset", subset)
    if source and draft.behaviour.source is not None:
        draft.dropped("source", source)


def one_service(draft: Draft, alternative: str = "") -> bool:
    """Whether the target is one service; where it is `*` the behaviour is unsupported.

    For kinds whose native objects name a service.
    """
    if not draft.is_whole_mesh:
        return True
    draft.unsupported(
        "target * is every service, and the mesh takes one object for each service",
        alternative or "give one behaviour for each service",
    )
    return False


def asked_of(draft: Draft, scope: str) -> str:
    """Scope and target in words, for what holds without an object."""
    target = draft.behaviour.target
    parts = [f"target.service {target.service}"]
    for word in ("namespace", "port", "subset"):
        value = getattr(target, word)
        if value:
            parts.append(f"target.{word} {value}")
    return f"(scope {scope}, {', '.join(parts)})"
