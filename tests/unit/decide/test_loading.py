"""What is wrong with a policy is named with file, line and reason before anybody is decided about by it."""

import re
from typing import NamedTuple

import pytest

from app.decide import compile_policy
from app.errors import PolicyError
from tests.support.policies import changed, default_files, line_of


class Broken(NamedTuple):
    """A text of the default folder replaced, and the reason that the error must give: on that line, or that of `at`."""

    name: str
    file: str
    old: str
    new: str
    reason: str
    at: str = ""


BROKEN = [
    Broken(
        "unknown key", "policy.yaml", "  hold_age: 30 days ", "  hold_ages: 30 days ", "limits knows no `hold_ages`"
    ),
    Broken("negative length", "policy.yaml", "hold_age: 30 days", "hold_age: -30 days", "negative"),
    Broken(
        "unknown calendar of lateness", "problems.yaml", "late_by: supplier", "late_by: suplier", "`suplier` is unknown"
    ),
    Broken(
        "unknown class of an account", "policy.yaml", "upsell, loyalty_invitation]\n\n", "up]\n\n", "one or more of"
    ),
    Broken(
        "no severity", "policy.yaml", "accounts:\n  severe_from: 3", "accounts:\n  severe_from: 9", "1 to 4", "from: 9"
    ),
    Broken("negative cap", "policy.yaml", "cap: 150%", "cap: -150%", "no amount"),
    Broken(
        "business time where none is", "policy.yaml", "hold_age: 30 days", "hold_age: 1 business day of shop", "plain"
    ),
    Broken("unknown default brand", "policy.yaml", "default_brand: house", "default_brand: hose", "`hose` is unknown"),
    Broken("no such day", "policy.yaml", "from: 11-15", "from: 02-30", "no such day"),
    Broken("unknown message class", "policy.yaml", "[promotion, upsell]", "[promotions]", "no message class"),
    Broken("class in two steps", "policy.yaml", "[promotion, upsell]", "[promotion, survey]", "two steps"),
    Broken("unknown action", "policy.yaml", "  write_off: [cx_lead,", "  writeoff: [cx_lead,", "no action"),
    Broken("not true or false", "policy.yaml", "on_issue: false", "on_issue: no", "known are false, true"),
    Broken("unknown problem", "kinds.yaml", "problem: no_first_scan", "problem: staled", "`staled` is unknown"),
    Broken("unknown milestone after", "kinds.yaml", "after: confirmed", "after: confrmed", "`confrmed` is unknown"),
    Broken(
        "goods held by a kind that holds none",
        "kinds.yaml",
        "      problem: partner_silent\n      per: journey\n\n# the customer",
        "      problem: partner_silent\n      per: journey\n      goods_held: true\n\n# the customer",
        "this kind says nowhere from when until when",
        "      goods_held: true",
    ),
    Broken("goods held, or not", "kinds.yaml", "goods_held: true", "goods_held: perhaps", "known are false, true"),
    Broken("unknown calendar", "kinds.yaml", "2 business days of shop", "2 business days of shp", "no calendar `shp`"),
    Broken(
        "unknown promise", "kinds.yaml", "    picked_up: late_delivery", "    piked_up: late_delivery", "no milestone"
    ),
    Broken("unknown scan status", "kinds.yaml", "    out_for_delivery: out", "    out_for: out", "no scan status"),
    Broken(
        "unknown fault of a scan",
        "kinds.yaml",
        "late_flight: {problem: held_up, fault: carrier}",
        "late_flight: {problem: held_up, fault: plane}",
        "`plane` is unknown",
    ),
    Broken("unknown failing milestone", "kinds.yaml", "{given_up: given_up}", "{gave_up: given_up}", "no milestone"),
    Broken("unknown step of held goods", "kinds.yaml", "until: [paid_out, returned]", "until: [paid]", "no milestone"),
    Broken("unknown completes_on", "kinds.yaml", "[delivered, picked_up]\n  ends", "[deliverd]\n  ends", "`deliverd`"),
    Broken(
        "unknown resolving milestone",
        "problems.yaml",
        "words: nobody answered\n  resolved_by: [replied,",
        "words: nobody answered\n  resolved_by: [repled,",
        "no journey kind has a milestone `repled`",
        "desk_silent:",
    ),
    Broken(
        "unknown fault",
        "problems.yaml",
        "fault: partner_location",
        "fault: partner_place",
        "`partner_place` is unknown",
    ),
    Broken("unknown remedy time", "problems.yaml", "remedy_on: resolved", "remedy_on: later", "`later` is unknown"),
    Broken("closes before it opens", "calendars.yaml", 'close: "17:00"', 'close: "07:00"', "closes before it opens"),
    Broken("unknown weekday", "calendars.yaml", "fri, sat]", "fri, sit]", "`sit` is no weekday"),
    Broken("unknown zone", "calendars.yaml", "Europe/London", "Europe/Lodon", "no time zone"),
    Broken("unknown holidays", "calendars.yaml", "holidays: GB", "holidays: XX", "no public holidays"),
    Broken(
        "no entry for other countries",
        "calendars.yaml",
        "  otherwise: {",
        "  OTHER: {",
        "lack `otherwise`",
        "countries:",
    ),
    Broken("quiet all day", "calendars.yaml", 'until: "08:00"', 'until: "21:00"', "begin when they end"),
    Broken("bounds that fall", "bands.yaml", "days: below 72", "days: below 12", "bounds must rise"),
    Broken("no last word", "bands.yaml", "long: otherwise\nshare", "long: below 99\nshare", "must end with"),
    Broken("unknown country of a brand", "brands/audio.yaml", "country: GB", "country: UK", "`UK` is unknown"),
    Broken("currency that is none", "brands/audio.yaml", "GBP", "pounds", "no ISO 4217"),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_wrong_text_is_named_with_file_and_line(broken: Broken) -> None:
    files = changed(broken.file, broken.old, broken.new)
    with pytest.raises(PolicyError) as error:
        compile_policy(files)
    line = line_of(broken.file, broken.at or broken.new, files)
    place = re.escape(f"{broken.file}:{line}: ")
    assert re.search(f"^{place}.*{re.escape(broken.reason)}", str(error.value), re.MULTILINE), str(error.value)


def test_all_that_is_wrong_is_said_at_once() -> None:
    files = changed("bands.yaml", "days: below 72", "days: below 12")
    files |= {"kinds.yaml": files["kinds.yaml"].replace(b"problem: stalled", b"problem: staled")}
    with pytest.raises(PolicyError) as error:
        compile_policy(files)
    assert {line.split(":")[0] for line in str(error.value).splitlines()} >= {"bands.yaml", "kinds.yaml"}


def test_a_key_that_stands_twice_is_refused() -> None:
    files = default_files()
    twice = files["bands.yaml"] + b"tenure:\n  recent: otherwise\n"
    with pytest.raises(PolicyError, match="`tenure` stands here twice"):
        compile_policy(files | {"bands.yaml": twice})


def test_what_is_not_yaml_is_named_with_its_line() -> None:
    with pytest.raises(PolicyError, match=r"bands\.yaml:2: this is not YAML"):
        compile_policy(default_files() | {"bands.yaml": b"a: 1\n b: [\n"})


@pytest.mark.parametrize("word", ["no", "off", "NO", "1_000", "0x10"])
def test_yaml_guesses_nothing(word: str) -> None:
    files = changed("brands/audio.yaml", "display_name: Audio House", f"display_name: {word}")
    assert compile_policy(files).brands["audio"].display_name == word


def test_a_time_without_quotes_is_still_a_time() -> None:
    files = changed("calendars.yaml", 'from: "21:00"', "from: 21:00")
    quiet = compile_policy(files).calendars.quiet
    assert quiet is not None
    assert quiet.start.hour == 21


@pytest.mark.parametrize("file", ["kinds.yaml", "tables/holds.json"])
def test_a_missing_file_is_named(file: str) -> None:
    files = {name: content for name, content in default_files().items() if name != file}
    with pytest.raises(PolicyError, match=f"{file}:1: a policy needs this"):
        compile_policy(files)


def test_a_policy_without_journey_kinds_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"kinds\.yaml:1: a policy needs at least one journey kind"):
        compile_policy(default_files() | {"kinds.yaml": b""})


def test_kinds_must_say_what_every_other_promise_and_failure_is() -> None:
    with pytest.raises(PolicyError, match="lacks `otherwise`"):
        compile_policy(
            changed(
                "kinds.yaml",
                "    otherwise: other_failure\n  scan_failures:\n    lost: {problem: lost, fault: carrier}\n"
                "    disposed: {problem: lost, fault: carrier}\n"
                "    damaged: {problem: damaged, fault: carrier}\n    rejected",
                "  scan_failures:\n    rejected",
            )
        )
