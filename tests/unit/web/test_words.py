"""The pages' texts: one catalogue, nothing missing, nothing said twice in code."""

import re
import string
from pathlib import Path

import pytest

from app.web import words as words_module
from app.web.words import ENGLISH, Words, catalogues, words_for

WEB = Path(words_module.__file__).parent
USED = re.compile(r"words\(\s*['\"]([a-z0-9_.-]+)['\"]\s*[,)]")
BUILT = re.compile(r"words\(f?\(?['\"]([a-z0-9_.]+\.)(?:['\"] ~|\{)")


def used() -> set[str]:
    files = [*WEB.rglob("*.html"), *WEB.rglob("*.py")]
    return {key for file in files for key in USED.findall(file.read_text(encoding="utf-8"))}


def test_every_text_that_a_page_asks_for_is_there() -> None:
    assert used() - set(catalogues()[ENGLISH]) == set()
    assert len(used()) > 60


@pytest.mark.parametrize("language", sorted(catalogues()))
def test_every_language_says_only_what_english_says_with_the_same_places(language: str) -> None:
    english = catalogues()[ENGLISH]
    for key, text in catalogues()[language].items():
        assert key in english
        assert _places(text) == _places(english[key]), key


def _places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_a_text_that_a_language_lacks_is_said_in_english() -> None:
    welsh = Words("cy", {"title": "Canolfan"}, catalogues()[ENGLISH])
    assert welsh("title") == "Canolfan"
    assert welsh("search.go") == "Find"
    assert welsh.word("late_delivery") == "late delivery"


@pytest.mark.parametrize("accepted", ["", "xx", "en-GB,en;q=0.9", "xx;q=1, en"])
def test_a_reader_of_no_known_language_reads_english(accepted: str) -> None:
    assert words_for(accepted).language == ENGLISH


def test_the_pages_hold_no_script_and_no_style_of_their_own() -> None:
    for file in WEB.rglob("*.html"):
        text = file.read_text(encoding="utf-8")
        assert re.findall(r"<script(?![^>]*\bsrc=)|\sstyle=|<style|\son[a-z]+=|javascript:", text) == [], file.name
