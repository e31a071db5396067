from fixtures.server import server

__all__ = ["server"]
