"""Tests in a real browser: `make test-browser`, which says where Chromium is."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from app.clock import Instant, from_iso
from app.web.access import Role
from app.web.site import Site
from tests.support.busy_shop import shop
from tests.support.told_site import served, tell, told_site

NOW: Final = from_iso("2026-11-18T14:20:00Z")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--chromium", metavar="FILE", type=Path, help="the Chromium to test with")
    parser.addoption("--images", metavar="DIR", type=Path, help="where to leave pictures of the pages")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave these tests out of a run without a browser (the option is then not even known)."""
    del collection_path
    return True if config.getoption("--chromium", default=None) is None else None


@pytest.fixture(scope="session")
def chromium(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """A running Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=request.config.getoption("--chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


def busy(now: Instant | None) -> Site:
    """A site that has read the stories and five weeks of a shop; its clock stands at `now`, or runs."""
    site = told_site(now, budgets={"marketing EUR": "4000"})
    tell(site, shop(site.now()))
    return site


@pytest.fixture(scope="session")
def still() -> Iterator[tuple[Site, str]]:
    """A busy site whose time stands still, and its address."""
    site = busy(NOW)
    with served(site) as address:
        yield site, address


Open = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Open]:
    """Open a page of a site, logged in; what the browser complains of fails the test."""
    complaints: list[str] = []
    contexts = []

    def opened(at: tuple[Site, str], path: str = "/", role: Role = Role.AUDITOR, **how: Any) -> Page:
        site, address = at
        context = chromium.new_context(
            **{
                "viewport": {"width": 1280, "height": 900},
                "locale": "en-GB",
                "timezone_id": "Europe/London",
                "reduced_motion": "reduce",
                **how,
            }
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        page.goto(f"{address}/login?token={site.access.one_time_token([role], role.value)}")
        if path != "/":
            page.goto(address + path)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Leave a picture of what a page shows, when pictures are wanted."""

    def take(page: Page, name: str, *, full: bool = False) -> None:
        folder: Path | None = request.config.getoption("--images")
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=folder / f"{name}.png", full_page=full)

    return take
