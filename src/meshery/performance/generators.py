"""Which load generators are installed: entry points of the group `meshery.generators`.

Each names a class that is made with a `Launch`: the way to start its process.
"""

from importlib.metadata import entry_points

from meshery.core.errors import InvalidInputError, UnavailableError
from meshery.operations.platform import Platform
from meshery.performance.generator import LoadGenerator
from meshery.performance.native.launch import under_supervisor

_GROUP = "meshery.generators"


def generator_names() -> tuple[str, ...]:
    """The names a profile may give, in alphabetical order."""
    return tuple(sorted(point.name for point in entry_points(group=_GROUP)))


def demand_generator(name: str) -> None:
    """InvalidInputError for a generator that is not installed."""
    names = generator_names()
    if name not in names:
        raise InvalidInputError(
            f"there is no load generator {name!r}",
            remedy="use one of " + ", ".join(names),
            code="meshery.generator.unknown",
        )


def open_generator(name: str, platform: Platform) -> LoadGenerator:
    """The generator, its processes started by the supervisor of this host.

    InvalidInputError for one that is not installed, UnavailableError without a supervisor.
    """
    demand_generator(name)
    if platform.supervisor is None:
        raise UnavailableError(
            "no load can be sent from this host",
            cause="there is no supervisor to start the load generator",
            remedy="start the server, or run the worker beside one",
            code="meshery.supervisor.none",
        )
    (point,) = entry_points(group=_GROUP, name=name)
    logs = platform.settings.home_path / "logs"
    launch = under_supervisor(platform.supervisor, log_file=str(logs / f"{name}.log"))
    generator: LoadGenerator = point.load()(launch)
    return generator
