"""The command centre in a real browser, as a CX lead uses it."""

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, expect

from app.clock import Instant
from app.ids import CustomerId, OutputId
from app.outputs import ALL, HoldEntry, Scope, Suppression
from app.shell.safe_clock import wall_clock
from app.web.access import Role
from app.web.site import Site
from tests.browser.conftest import Open, busy
from tests.support.told_site import served, tell
from tests.support.verdict import Tombstone

At = tuple[Site, str]
Picture = Callable[..., None]

AXE: Final = Path(__file__).parent / "vendor" / "axe.min.js"
PHONE: Final = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "has_touch": True}
DARK: Final = {"color_scheme": "dark"}
STORY: Final = "/customers/C-1001"


def test_the_customers_journey_comes_first(still: At, open_page: Open, picture: Picture) -> None:
    page = open_page(still)
    assert page.locator("section").first.get_attribute("id") == "journeys"
    steps = page.locator("#journeys table").first.locator("tbody th").all_inner_texts()
    assert steps[:5] == ["placed", "confirmed", "dispatched", "carrier accepted", "out for delivery"]
    expect(page.locator(".fresh")).to_contain_text("Live")
    picture(page, "command-centre")
    page.locator("#promises").scroll_into_view_if_needed()
    expect(page.locator("#chart-promises canvas")).to_be_visible()
    picture(page, "promises")


def test_behind_every_number_stand_exactly_that_many_customers(still: At, open_page: Open) -> None:
    page = open_page(still)
    numbers = page.locator("a.num, a.was")
    links = {
        numbers.nth(place).get_attribute("href"): numbers.nth(place).inner_text() for place in range(numbers.count())
    }
    assert len(links) > 40
    chosen = [one for place, one in enumerate(links.items()) if place % 4 == 0 or "_then" in str(one[0])]
    assert any("late_then" in str(link) for link, _ in chosen)
    for link, number in chosen:
        page.goto(f"{still[1]}{link}")
        assert page.locator("tbody tr").count() == int(number.removeprefix("was ")), link


def test_from_a_number_to_a_customer_to_why(still: At, open_page: Open, picture: Picture) -> None:
    page = open_page(still, "/#broken")
    picture(page, "broken-now")
    page.locator("#broken tbody a.num").first.click()
    picture(page, "customers-behind-a-number")
    page.locator("tbody th a").first.click()
    expect(page.locator("h2", has_text="May marketing write?")).to_be_visible()
    expect(page.locator(".gate .flag.bad").first).to_have_text("held")
    picture(page, "customer")
    why = page.locator("details summary", has_text="Why").first
    why.click()
    expect(page.locator("details[open] .l-policy dd").first).to_contain_text("decision")
    picture(page, "why")


def test_a_story_is_told_with_every_decision_explained(still: At, open_page: Open) -> None:
    page = open_page(still, STORY)
    text = page.locator("main").inner_text()
    for part in ("Sonos Beam and wall bracket", "the parcel stopped moving", "recovered", "What happened, and why"):
        assert part in text, part


def test_what_was_said_to_a_customer_is_for_auditors(still: At, open_page: Open) -> None:
    assert "Sonos Beam" not in open_page(still, STORY, Role.OPERATOR).content()
    assert "Sonos Beam" in open_page(still, STORY, Role.AUDITOR).content()


def test_a_customer_is_found_by_e_mail_and_the_address_does_not_show_it(still: At, open_page: Open) -> None:
    page = open_page(still)
    page.get_by_role("searchbox").fill("customer1@example.org")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("C-2001")
    assert page.url.endswith("/customers/C-2001")


def test_a_page_that_is_open_follows_what_happens_and_keeps_the_focus(chromium: Browser, open_page: Open) -> None:
    site = busy(None)
    with served(site) as address:
        page = open_page((site, address))
        held = page.locator("#n-held")
        before = int(held.inner_text())
        held.focus()
        tell(site, [_held_for("late_delivery")])
        expect(held).to_have_text(str(before + 1), timeout=10_000)
        expect(held).to_be_focused()
        page.context.close()


def _held_for(reason: str) -> Suppression:
    hold = HoldEntry(Scope((ALL,)), reason, "p", wall_clock(), "made good")
    return Suppression(OutputId("new"), wall_clock(), CustomerId("new"), suppressed=True, holds=(hold,))


def test_a_wide_table_stays_where_it_was_pushed_when_something_happens(chromium: Browser, open_page: Open) -> None:
    site = busy(None)
    with served(site) as address:
        page = open_page((site, address), **PHONE)
        table = page.locator("#at-broken")
        table.focus()
        table.evaluate("one => { one.scrollLeft = 60 }")
        before = int(page.locator("#n-held").inner_text())
        tell(site, [_held_for("late_delivery")])
        expect(page.locator("#n-held")).to_have_text(str(before + 1), timeout=10_000)
        expect(table).to_be_focused()
        assert table.evaluate("one => one.scrollLeft") == 60
        page.context.close()


def test_the_focus_on_a_number_that_goes_away_stays_in_its_section(chromium: Browser, open_page: Open) -> None:
    site = busy(None)
    tell(site, [_held_for("late_delivery_abroad")])
    with served(site) as address:
        page = open_page((site, address))
        page.locator("#n-held-for-late-delivery-abroad").focus()
        tell(site, [Tombstone(CustomerId("new"))])
        expect(page.locator("#h-holds")).to_be_focused(timeout=10_000)
        page.context.close()


def test_whatever_can_have_the_focus_on_the_boards_has_a_name_of_its_own(still: At, open_page: Open) -> None:
    page = open_page(still)
    names: list[str] = page.evaluate(
        "() => [...document.querySelectorAll('#board a[href], #board summary, #board [tabindex]')].map(one => one.id)"
    )
    assert "" not in names
    assert len(set(names)) == len(names)


def test_a_model_that_falls_behind_says_so(chromium: Browser, open_page: Open) -> None:
    site = busy(None)
    lost: list[Instant | None] = [None]
    with served(site) as address:
        page = open_page((site, address))
        expect(page.locator(".fresh")).to_contain_text("Live")
        lost[0] = Instant(site.now() - 60_000)
        site.model.follows(lambda: lost[0])
        expect(page.locator(".fresh.stale")).to_contain_text("Behind", timeout=10_000)
        page.context.close()


def test_everything_can_be_reached_by_keyboard(still: At, open_page: Open) -> None:
    page = open_page(still)
    page.keyboard.press("Tab")
    skip = page.locator(".skip")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")
    seen = set()
    for _ in range(400):
        found: str = page.evaluate(_FOCUSED)
        if found in seen or found == "BODY":
            break
        seen.add(found)
        page.keyboard.press("Tab")
    wanted: list[str] = page.evaluate(_REACHABLE)
    assert [one for one in wanted if one not in seen] == []


_NAMED: Final = "one => one.tagName + '|' + (one.id || one.getAttribute('href') || one.getAttribute('aria-label'))"
_FOCUSED: Final = f"() => ({_NAMED})(document.activeElement)"
_REACHABLE: Final = (
    f"() => [...document.querySelectorAll('main a[href], main summary, main [tabindex=\"0\"]')].map({_NAMED})"
)


def test_where_the_focus_is_can_be_seen(still: At, open_page: Open, picture: Picture) -> None:
    page = open_page(still)
    for _ in range(14):
        page.keyboard.press("Tab")
    outline = "(style => [style.outlineWidth, style.outlineStyle])(getComputedStyle(document.activeElement))"
    assert page.evaluate(outline) == ["3px", "solid"]
    picture(page, "by-keyboard")


def test_a_phone_shows_it_without_scrolling_sideways(still: At, open_page: Open, picture: Picture) -> None:
    for name, path in (("phone", "/"), ("phone-customer", "/customers/C-2013"), ("phone-story", STORY)):
        page = open_page(still, path, **PHONE)
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), path
        if name != "phone-story":
            picture(page, name)


def test_what_is_tapped_is_large_enough(still: At, open_page: Open) -> None:
    page = open_page(still, **PHONE)
    small = page.evaluate(
        """() => [...document.querySelectorAll('a.num:not(.soft), a.was, button, .sections a, input')]
            .map(one => [one.className || one.tagName, one.getBoundingClientRect()])
            .filter(([, box]) => box.width < 24 || box.height < 24).map(([name]) => name)"""
    )
    assert small == []


def test_dark_is_dark(still: At, open_page: Open, picture: Picture) -> None:
    page = open_page(still, **DARK)
    colour = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert sum(int(part) for part in re.findall(r"\d+", colour)[:3]) < 150
    picture(page, "dark")


@pytest.mark.parametrize("how", [{}, DARK, PHONE], ids=["light", "dark", "phone"])
@pytest.mark.parametrize("path", ["/", "/customers?of=open", "/customers/C-2013", STORY, "/login", "/customers/nobody"])
def test_no_rule_of_accessibility_is_broken(still: At, open_page: Open, path: str, how: dict[str, Any]) -> None:
    # bypass_csp lets the checker in; that the policy holds is what the other tests' empty console shows
    page = open_page(still, "/", bypass_csp=True, **how)
    if path != "/":
        page.goto(still[1] + path)
    page.add_script_tag(path=AXE)
    found = page.evaluate("async () => (await axe.run()).violations")
    assert [_told(violation) for violation in found] == []


def _told(violation: dict[str, Any]) -> str:
    nodes = "; ".join(str(node["html"])[:120] + " " + str(node["any"][:1])[:200] for node in violation["nodes"][:3])
    return f"{violation['id']}: {violation['help']}: {nodes}"


def test_it_can_be_read_without_scripts(still: At, open_page: Open) -> None:
    page = open_page(still, "/", java_script_enabled=False)
    assert page.locator("#journeys tbody tr").count() > 5
    page.locator("#journeys a.num").first.click()
    assert page.locator("tbody tr").count() > 0


def test_headings_tables_and_landmarks_have_names(still: At, open_page: Open) -> None:
    page = open_page(still)
    assert page.locator("table:not(:has(caption)):not(.u-legend)").count() == 0
    for landmark in ("banner", "navigation", "main", "search"):
        assert page.get_by_role(landmark).count() >= 1, landmark
    sections = page.locator("main section")
    assert sections.count() == page.locator("main section[aria-labelledby]").count() == 7
    assert _in_steps(page)


def _in_steps(page: Page) -> bool:
    levels = [
        int(level[1]) for level in page.evaluate("() => [...document.querySelectorAll('h1,h2,h3')].map(h => h.tagName)")
    ]
    return levels[0] == 1 and all(later - before <= 1 for before, later in pairwise(levels))
