from pathlib import Path

import pytest

from app.decide import compile_policy, load_folder, policy_in, version_of
from app.errors import PolicyError
from tests.support.policies import POLICIES, default_files


def test_the_version_is_the_content_whatever_the_order_of_files() -> None:
    files = default_files()
    assert version_of(dict(reversed(files.items()))) == version_of(files)
    assert version_of(files | {"bands.yaml": files["bands.yaml"] + b"\n"}) != version_of(files)


def test_moving_text_from_one_file_to_the_next_is_another_version() -> None:
    assert version_of({"a": b"xy", "b": b"z"}) != version_of({"a": b"x", "b": b"yz"})


def test_the_same_files_give_the_same_policy_object() -> None:
    assert compile_policy(default_files()) is compile_policy(dict(default_files()))


@pytest.mark.parametrize("name", ["default", "olist", "incidents"])
def test_every_policy_that_we_ship_is_sound(name: str) -> None:
    assert policy_in(POLICIES / name).name == name


def test_a_policy_that_extends_another_changes_only_what_it_names() -> None:
    base, olist = policy_in(POLICIES / "default"), policy_in(POLICIES / "olist")
    assert olist.limits.remedy_settles_on_issue
    assert not base.limits.remedy_settles_on_issue
    assert olist.limits.hold_age == base.limits.hold_age
    assert olist.problems == base.problems
    assert olist.brand(None).currency == "BRL"


def test_a_policy_that_extends_another_takes_an_expectation_away() -> None:
    rules = {rule.id for rule in policy_in(POLICIES / "olist").kinds["order"].expectations}
    assert rules == {"carrier_reply", "supplier_reply"}


def test_taking_away_what_is_not_there_is_named_with_its_line() -> None:
    files = load_folder(POLICIES / "olist")
    kinds = b"order:\n  expectations:\n    no_such_rule: ~\n"
    with pytest.raises(PolicyError, match=r"kinds\.yaml:3: `no_such_rule` cannot be taken away"):
        compile_policy(files | {"kinds.yaml": kinds})


def test_an_error_below_is_named_with_the_folder_it_stands_in() -> None:
    files = load_folder(POLICIES / "olist")
    broken = files["default/bands.yaml"].replace(b"below 24", b"below dawn")
    with pytest.raises(PolicyError, match=r"default/bands\.yaml:4: "):
        compile_policy(files | {"default/bands.yaml": broken})


def test_a_folder_without_a_policy_says_so(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="there is no policy here"):
        load_folder(tmp_path)


def test_a_policy_that_extends_itself_is_refused(tmp_path: Path) -> None:
    for name, base in (("one", "two"), ("two", "one")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "policy.yaml").write_text(f"extends: {base}\n")
    with pytest.raises(PolicyError, match="comes back to itself"):
        load_folder(tmp_path / "one")


def test_a_file_that_belongs_to_no_policy_is_named() -> None:
    with pytest.raises(PolicyError, match=r"tables/sevrity\.json"):
        compile_policy(default_files() | {"tables/sevrity.json": b"{}"})
    with pytest.raises(PolicyError, match=r"bandz\.yaml:1: no such file"):
        compile_policy(default_files() | {"bandz.yaml": b""})
