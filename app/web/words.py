"""The texts of the pages, by language: one catalogue a language in `messages/`, English complete."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Final

ENGLISH: Final = "en"


class Words:
    """One language's texts; what it lacks is said in English."""

    def __init__(self, language: str, texts: Mapping[str, str], fallback: Mapping[str, str]) -> None:
        self.language = language
        self._texts = texts
        self._fallback = fallback

    def __call__(self, key: str, *parts: object, **named: object) -> str:
        """Return a text with its places filled; KeyError for a key that English lacks."""
        text = self._texts.get(key) or self._fallback[key]
        return text.format(*parts, **named) if parts or named else text

    def word(self, word: str) -> str:
        """Return a word of the product as people read it: its own text, or itself without underscores."""
        return self.either(f"word.{word}", word.replace("_", " "))

    def either(self, key: str, otherwise: str) -> str:
        """Return a text, or what stands for it where no language has it."""
        return self._texts.get(key) or self._fallback.get(key) or otherwise


@cache
def catalogues() -> Mapping[str, Mapping[str, str]]:
    """Return every language's texts."""
    folder = resources.files("app.web").joinpath("messages")
    files = (file for file in folder.iterdir() if file.name.endswith(".json"))
    return {file.name.removesuffix(".json"): json.loads(file.read_text(encoding="utf-8")) for file in files}


def words_for(accepted: str) -> Words:
    """Return the texts in the first accepted language that there is (`Accept-Language`), else in English."""
    return _words(next((wanted for wanted in _wanted(accepted) if wanted in catalogues()), ENGLISH))


@cache
def _words(language: str) -> Words:
    return Words(language, catalogues()[language], catalogues()[ENGLISH])


def _wanted(accepted: str) -> Iterator[str]:
    for part in accepted.split(","):
        yield part.partition(";")[0].strip().partition("-")[0].lower()
