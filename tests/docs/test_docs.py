"""The documentation is true: it builds, its examples run, and it follows the code."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from docs.examples import examples, run_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
ELSEWHERE = {DOCS / "start.md"}
"""Pages whose examples are run where more is looked at than that they run: `tests/demo`."""
PAGES = sorted(page for page in DOCS.rglob("*.md") if examples(page) and page not in ELSEWHERE)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_the_examples_of_a_page_run(page: Path, tmp_path: Path) -> None:
    run_page(page, tmp_path)


def test_the_documentation_builds_without_a_warning(tmp_path: Path) -> None:
    shutil.copytree(DOCS, tmp_path / "docs", ignore=shutil.ignore_patterns("_build"))
    for name in ("CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy(ROOT / name, tmp_path)
    built = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-W",
            "-q",
            "-b",
            "html",
            tmp_path / "docs",
            tmp_path / "html",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    pages = "".join(path.read_text() for path in (tmp_path / "html").glob("*.html"))
    assert 'src="http' not in pages, "a page of the documentation loads an asset from elsewhere"


@pytest.mark.parametrize("name", ["settings.md", "errors.md", "behaviours.md", "schema.graphql"])
def test_generated_pages_follow_the_code(name: str) -> None:
    specification = importlib.util.spec_from_file_location("generate", DOCS / "generate.py")
    assert specification is not None
    assert specification.loader is not None
    generate = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(generate)
    told = "run python docs/generate.py"
    assert (DOCS / "reference" / name).read_text() == generate.PAGES[name](), told
