"""The requests of proofs, and the words for what answers them."""

from meshery.behaviours.match import Match, ValueMatch
from meshery.behaviours.model import Behaviour, Kind
from meshery.behaviours.traffic import Backend
from meshery.core.errors import UnsupportedError
from meshery.sandbox.model import Instance, World
from meshery.sandbox.probe import Answer, Ask
from meshery.sandbox.render.effect import aims_at
from meshery.sandbox.ways import is_gateway, way_to

UNFLAWED = "/version"
"""A path that no version delays or fails by itself."""

STEERING = (Kind.SPLIT, Kind.ROUTE)
"""What changes which instance answers."""

INTERFERING = (
    *STEERING,
    *(Kind.RETRY, Kind.TIMEOUT, Kind.LIMITS, Kind.EJECTION, Kind.TRIP),
    *(Kind.FAULT, Kind.RATELIMIT, Kind.ACCESS),
)
"""What changes how many requests are answered, or with which status."""


def request_for(
    world: World, behaviour: Behaviour, match: Match | None = None, *, path: str = UNFLAWED
) -> Ask:
    """A request for the target that matches, from its source or a caller of it."""
    target = behaviour.target.service
    way = way_to(world, target, source=behaviour.source or "")
    match = match or Match()
    if match.path is not None:
        if match.path.regex is not None:
            raise no_proof(behaviour, "it matches paths by a regular expression")
        path = match.path.exact or match.path.prefix or path
    query = "&".join(f"{each.name}={_value(behaviour, each)}" for each in match.query)
    return Ask(
        way.host,
        way.port,
        target,
        f"{path}?{query}" if query else path,
        match.method or "GET",
        tuple((each.name, _value(behaviour, each)) for each in match.headers),
    )


def word(behaviour: Behaviour, backend: Backend) -> str:
    """A backend in a word: its version, with its service where that is another one."""
    service = backend.service or behaviour.target.service
    if service == behaviour.target.service:
        return backend.subset or service
    return f"{service}/{backend.subset}" if backend.subset else service


def answered_by(world: World, answer: Answer) -> Instance | None:
    """The instance whose application answered; None when a sidecar did, or nobody."""
    name = answer.headers.get("x-served-by", "")
    return next((each for each in world.instances if each.name == name), None)


def server_of(world: World, behaviour: Behaviour, backend: Backend, answer: Answer) -> str:
    """Who answered, as exactly as `backend` names whom it means."""
    instance = answered_by(world, answer)
    if instance is None:
        return f"status {answer.status}"
    version = instance.version if backend.subset else None
    return word(behaviour, Backend(service=instance.service, subset=version))


def demand_perfect(world: World, behaviour: Behaviour, name: str) -> None:
    """UnsupportedError when answers of a service fail without any behaviour."""
    service = world.service(name)
    if is_gateway(world, name) or any(each.error_rate for each in service.versions):
        raise no_proof(behaviour, f"{name} fails by itself already")


def demand_alone(world: World, behaviour: Behaviour, kinds: tuple[Kind, ...]) -> None:
    """UnsupportedError when others of these kinds change the same answers."""
    target = behaviour.target.service
    others = [
        each.name
        for each in world.behaviours
        if each != behaviour and each.kind in kinds and aims_at(world, each.target, target)
    ]
    if others:
        raise no_proof(behaviour, f"{', '.join(others)} would change the same answers")


def no_proof(behaviour: Behaviour, why: str) -> UnsupportedError:
    """The error that says why a behaviour cannot be proven."""
    return UnsupportedError(
        f"{behaviour.name} cannot be proven by requests",
        cause=why,
        remedy="send some yourself: mesheryctl sandbox request",
        code="meshery.sandbox.no_proof",
    )


def _value(behaviour: Behaviour, match: ValueMatch) -> str:
    """A value of a header or query parameter that matches."""
    if match.invert or match.regex is not None or match.present is False:
        raise no_proof(behaviour, f"no value of {match.name} is sure to match")
    return match.exact or match.prefix or match.suffix or match.contains or "any"
