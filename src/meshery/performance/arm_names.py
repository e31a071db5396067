"""What the arms of a run are called where people read them."""

from meshery.performance.result import Result

_OVERHEAD = {"off": "off the mesh", "on": "on the mesh", "null": "null (off again)"}


def arm_names(result: Result) -> dict[str, str]:
    """Arm to words, in the order of the result."""
    return {key: arm_name(key) for key in result.arms}


def arm_name(key: str) -> str:
    """One arm in words."""
    return _OVERHEAD.get(key, key)
