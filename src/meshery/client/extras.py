"""Which parts of Meshery are installed: the base is the command line, the rest comes as extras."""

from importlib.util import find_spec

from meshery.core.errors import UnsupportedError

SERVER_MODULES = (
    "fastapi", "uvicorn", "nicegui", "sqlalchemy", "aiosqlite", "alembic", "nats", "structlog",
)  # fmt: skip


def missing_server_modules() -> list[str]:
    """Modules of the extra `server` that are not installed."""
    return [name for name in SERVER_MODULES if find_spec(name) is None]


def demand_server() -> None:
    """UnsupportedError that names the extra when the server's parts are not installed."""
    missing = missing_server_modules()
    if missing:
        raise UnsupportedError(
            "this installation has no server",
            cause=f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed",
            remedy="pip install 'meshery[server,sandbox]', or name a server with --server URL",
            code="meshery.unsupported.extras",
        )


ADAPTER_MODULES = ("google.protobuf", "grpc", "grpc_health", "grpc_reflection")


def demand_adapter() -> None:
    """UnsupportedError that names the extra when what adapters speak is not installed."""
    missing = [name for name in ADAPTER_MODULES if not _is_there(name)]
    if missing:
        raise UnsupportedError(
            "this installation cannot speak with adapters",
            cause=f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed",
            remedy="pip install 'meshery[adapter]'",
            code="meshery.unsupported.extras",
        )


def _is_there(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:  # its parent is not there either
        return False
