"""What a folder says wrong is refused with the file, the line and how to mend it; nothing else is refused for it."""

from typing import NamedTuple

import pytest

from app.decide import compile_policy
from app.errors import PolicyError
from tests.support.policies import changed, default_files

REMEDIES = "tables/remedies.json"


class Case(NamedTuple):
    """A text replaced in a file of the default policy, and what must be said of it."""

    file: str
    old: str
    new: str
    says: str


CASES = {
    "a word that is nearly right": Case(
        "kinds.yaml", "served: late_service", "served: late_servic", "(did you mean `late_service`?)"
    ),
    "a word in a cell that is nearly right": Case(
        REMEDIES, '"problem": "\\"late_service\\""', '"problem": "\\"late_servce\\""', "(did you mean `late_service`?)"
    ),
    "a brand that is nearly right": Case(
        "policy.yaml", "deals: {brands: [deals]", "deals: {brands: [dealz]", "(did you mean `deals`?)"
    ),
    "an alias": Case("bands.yaml", "lateness: ", "lateness: *others #", "it has an alias (`*name`): write it out"),
    "an approval that nothing reaches": Case(
        "brands/deals.yaml", "approval_above: 50.00", "approval_above: 200.00", "so nothing would ever wait"
    ),
    "a perk dearer than all that one customer gets": Case(
        "brands/deals.yaml", "cost: 12.00", "cost: 200.01", "costs more than most_per_customer, 200.00"
    ),
    "a replacement dearer than what it replaces": Case(
        "brands/cars.yaml", "waived_fee: {cost: 25.00,", "waived_fee: {cost: 25.00, instead: free_ride,", "costs more"
    ),
    "an incident of one": Case("policy.yaml", "customers: 5", "customers: 1", "an incident takes at least 2"),
    "an incident's cap above everybody's": Case("policy.yaml", "cap: 100%", "cap: 151%", "above the cap of 150%"),
    "a cap that is none": Case("policy.yaml", "cap: 150%", "cap: lots", "`lots` is no amount"),
    "a calendar that closes before it opens": Case("calendars.yaml", '"09:00"', '"18:00"', "closes before it opens"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_is_wrong_is_named_with_its_line_and_nothing_else_is(case: Case) -> None:
    files = changed(case.file, case.old, case.new)
    first = default_files()[case.file].decode().partition(case.old)[0].count("\n") + 1
    with pytest.raises(PolicyError) as error:
        compile_policy(files)
    (only,) = str(error.value).splitlines()
    file, line, _ = only.split(":", 2)
    assert file == case.file
    assert abs(int(line) - first) <= 2, only
    assert case.says in only


def test_a_credit_above_what_one_customer_gets_in_all_is_refused_in_every_row_that_gives_it() -> None:
    text = default_files()[REMEDIES].decode().replace('"store_credit": "\\"20.00\\""', '"store_credit": "\\"200.01\\""')
    with pytest.raises(PolicyError) as error:
        compile_policy(default_files() | {REMEDIES: text.encode()})
    found = str(error.value).splitlines()
    assert len(found) == 2
    assert all("gives 200.01, above the 200.00 that brand deals gives one customer in all" in line for line in found)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("bands.yaml", b"[" * 5000, "nested deeper than anybody writes"),
        ("bands.yaml", b"\xff\xfe\x00a: \x80", "this is not YAML"),
        ("bands.yaml", b"a: \x00", "this is not YAML"),
        ("brands/cars.yaml", b"- one\n- two\n", "must be a mapping"),
        (REMEDIES, b"[1, 2]", "this is no table as the editor writes it"),
        (REMEDIES, b"\xff\xfe", "this is not UTF-8 text"),
        (REMEDIES, b"", "this is not JSON"),
    ],
)
def test_what_is_no_policy_file_at_all_is_refused_with_its_name(file: str, content: bytes, says: str) -> None:
    with pytest.raises(PolicyError) as error:
        compile_policy(default_files() | {file: content})
    assert str(error.value).startswith(f"{file}:1: ")
    assert says in str(error.value)
    assert "\n" not in str(error.value)
