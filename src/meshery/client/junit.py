"""Results as JUnit XML, which continuous integration reads."""

from collections.abc import Iterable
from xml.etree import ElementTree as ET


def junit_text(suite: str, cases: Iterable[tuple[str, str, str]]) -> str:
    """One suite; each case is its name, its state (passed, failed, skipped), and the reason."""
    root = ET.Element("testsuite", name=suite)
    counts = {"failed": 0, "skipped": 0}
    total = 0
    for name, state, reason in cases:
        total += 1
        case = ET.SubElement(root, "testcase", classname=suite, name=name)
        if state in counts:
            counts[state] += 1
            word = "failure" if state == "failed" else "skipped"
            ET.SubElement(case, word, message=_allowed(reason))
    root.set("tests", str(total))
    root.set("failures", str(counts["failed"]))
    root.set("skipped", str(counts["skipped"]))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _allowed(text: str) -> str:
    """Without the characters that XML 1.0 has no way to write."""
    return "".join(each for each in text if each >= " " or each in "\t\n\r")
