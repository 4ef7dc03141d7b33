"""`docs/policy.md` lists every default with its source, and nothing that is no default any more."""

from tests.support.policies import POLICIES
from tests.support.policy_defaults import Default, defaults_of, documented

PAGE = (POLICIES.parent / "docs" / "policy.md").read_text()


def shipped() -> list[Default]:
    return [default for folder in sorted(POLICIES.iterdir()) if folder.is_dir() for default in defaults_of(folder)]


def test_every_default_is_on_the_page_and_nothing_else() -> None:
    on_page, in_folders = set(documented(PAGE)), set(shipped())
    assert not in_folders - on_page, "add these to docs/policy.md, each with its source or `our choice`"
    assert not on_page - in_folders, "these stand in docs/policy.md and in no policy folder"


def test_every_default_has_a_source() -> None:
    without = [default for default, source in documented(PAGE).items() if not source.strip()]
    assert not without


def test_the_folders_have_numbers_and_rows() -> None:
    found = {default.where for default in shipped()}
    assert "default/policy.yaml cap" in found
    assert "default/kinds.yaml order.expectations.next_scan.within" in found
    assert "default/tables/severity.json otherwise" in found
    assert "olist/policy.yaml limits.retention" in found
