"""Global flags work anywhere on the line: `mesheryctl system reset -y` is `mesheryctl -y ...`.

They are moved to the front before click reads the line; no command has an option of the same name
(a test sees to that). What follows `--` stays as it is.
"""

from collections.abc import Sequence

FLAGS = frozenset({"-v", "--verbose", "--no-color", "-y", "--yes"})
VALUES = frozenset({"--server", "--context", "--config", "--token-file"})


def flags_first(arguments: Sequence[str]) -> list[str]:
    """The same line with its global flags, and their values, in front."""
    front: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            rest += [word, *waiting]
            break
        if word in FLAGS or word.partition("=")[0] in VALUES:
            front.append(word)
            if word in VALUES and waiting:
                front.append(waiting.pop(0))
        else:
            rest.append(word)
    return front + rest
