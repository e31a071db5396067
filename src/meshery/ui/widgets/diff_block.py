"""Two texts as one: lines that went and came, each with its sign, around them what stayed."""

import difflib

from meshery.ui.widgets.html import Tag, tag

CONTEXT = 2
LONGEST = 400
_LOOKS = {"+": "came", "-": "went", "@": "place"}


def diff_block(before: str, after: str, *, label: str) -> Tag:
    """Draw the difference; at most `LONGEST` lines of it."""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), n=CONTEXT, lineterm="", fromfile="", tofile=""
    )
    shown = list(lines)[2:]
    with tag("div", classes="code-block"), tag("pre", tabindex="0", aria_label=label) as block:
        for line in shown[:LONGEST]:
            tag("span", line + "\n", f"diff-line {_LOOKS.get(line[:1], '')}".strip())
        if len(shown) > LONGEST:
            tag("span", f"{len(shown) - LONGEST} more lines\n", "diff-line place")
    return block
