"""The landscape: every mesh, with dated and sourced facts, beside the fingerprints."""

from datetime import date

import pytest

from meshery.core.errors import InvalidInputError, NotFoundError
from meshery.core.yamlfile import parse_yaml
from meshery.discovery.fingerprints.load import bundled_fingerprints
from meshery.discovery.landscape import (
    FEATURES,
    Fact,
    LandscapeEntry,
    Standing,
    Support,
    landscape,
    landscape_entry,
    parse_entry,
)

ENTRIES = landscape()
OVER = {Standing.ARCHIVED, Standing.ENDED}


def facts(entry: LandscapeEntry) -> list[Fact]:
    maybe = (entry.version, entry.upgrade, entry.uninstall, entry.advice)
    return [entry.state, *entry.strengths, *(each for each in maybe if each)]


def test_every_mesh_that_can_be_found_is_in_it() -> None:
    assert {entry.mesh for entry in ENTRIES} == {
        table.mesh for table in bundled_fingerprints().meshes
    }


def test_an_ended_mesh_is_ended_in_both() -> None:
    ended = {table.mesh for table in bundled_fingerprints().meshes if table.ended}
    assert {entry.mesh for entry in ENTRIES if entry.standing in OVER} == ended


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.mesh)
def test_each_fact_has_its_date_and_source(entry: LandscapeEntry) -> None:
    for fact in facts(entry):
        assert date(2017, 1, 1) < date.fromisoformat(fact.as_of) < date(2027, 1, 1)
        assert fact.source
        assert fact.text.strip() == fact.text != ""
        assert fact.url.startswith("https://")


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.mesh)
def test_each_feature_is_told_of_each_mesh(entry: LandscapeEntry) -> None:
    assert [each.feature for each in entry.supports] == list(FEATURES)
    assert all(each.source and date.fromisoformat(each.as_of) for each in entry.supports)
    assert any(each.support is not Support.UNKNOWN for each in entry.supports)
    assert entry.strengths


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.mesh)
def test_advice_is_for_those_not_to_start_with(entry: LandscapeEntry) -> None:
    assert (entry.advice is not None) == (entry.standing is not Standing.ACTIVE)
    assert entry.uninstall is not None


def test_active_ones_come_first() -> None:
    ranks = [list(Standing).index(entry.standing) for entry in ENTRIES]
    assert ranks == sorted(ranks)
    assert landscape_entry("istio").standing is Standing.ACTIVE


def test_an_unknown_mesh_lists_the_known() -> None:
    with pytest.raises(NotFoundError) as caught:
        landscape_entry("maesh")
    assert "traefik-mesh" in caught.value.remedy


MISSOURCED = """
{mesh: x, title: X, standing: active, sources: {}, strengths: [], supports: {},
 features_source: docs, state: {text: a, source: nowhere}}
"""


@pytest.mark.parametrize(
    ("text", "told"), [("mesh: x\ntitle: X\n", "standing"), (MISSOURCED, "nowhere")]
)
def test_a_broken_entry_is_refused(text: str, told: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        parse_entry(parse_yaml(text, source="x.yaml"))
    assert told in caught.value.cause
