"""Plain elements with text and attributes; text is a text node, so nothing becomes markup."""

from nicegui.elements.mixins.text_element import TextElement


class Tag(TextElement):
    """One HTML element whose content is text, children, or both."""

    def __init__(self, name: str, text: str = "") -> None:
        super().__init__(tag=name, text=text)

    def attribute(self, name: str, value: str | None) -> None:
        """Set an attribute; `None` removes it."""
        if value is None:
            self.props.pop(name, None)
            self.update()
        else:
            self.props[name] = value


def tag(name: str, text: str = "", classes: str = "", **attributes: str) -> Tag:
    """An element `name`; attributes in Python spelling (`aria_label` becomes `aria-label`)."""
    element = Tag(name, text)
    if classes:
        element.classes(classes)
    for attribute, value in attributes.items():
        element.props[attribute.rstrip("_").replace("_", "-")] = value
    return element
