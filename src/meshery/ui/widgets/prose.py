"""Words in which `backticks` mark what one could paste, as errors and remedies are written."""

from meshery.ui.widgets.html import Tag, tag


def prose(text: str, classes: str = "", *, lead: str = "") -> Tag:
    """A paragraph; `lead` stands before it as it is."""
    with tag("p", classes=classes) as paragraph:
        if lead:
            tag("span", lead)
        for place, words in enumerate(text.split("`")):
            if words:
                tag("code" if place % 2 else "span", words)
    return paragraph


def sentences(*parts: str) -> str:
    """Parts that may lack a capital and a full stop, as sentences."""
    said = [part[:1].upper() + part[1:].rstrip(".") for part in parts if part]
    return ". ".join(said) + "." if said else ""
