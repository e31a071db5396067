from fixtures.loopback import loopback

__all__ = ["loopback"]
