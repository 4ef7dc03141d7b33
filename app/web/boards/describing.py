"""What a number counts, in words: from its key."""

from typing import Final

from app.decide.policy import Policy
from app.web.words import Words

_TWO_PARTS: Final = frozenset(
    {
        "here",
        "here_then",
        "late",
        "late_then",
        "lost_after",
        "lost_then",
        "reached",
        "reached_before",
        "open_aged",
    }
)
_OF_PROBLEMS: Final = frozenset({"open_of", "open_aged", "held_for", "waiting"})


def described(key: str, words: Words, policy: Policy) -> str:
    """Return what a key stands for; KeyError for a key that no board has."""
    what, _, rest = key.partition(":")
    parts = rest.split(":", 1) if what in _TWO_PARTS else [rest]
    shown = [words.word(part) for part in parts]
    if what in _OF_PROBLEMS:
        shown[0] = problem_words(policy, parts[0], words)
    if what == "open_aged":
        shown[1] = words(f"age.{parts[1]}")
    return words(f"of.{what}", *shown)


def problem_words(policy: Policy, word: str, words: Words) -> str:
    """Return what a problem type is called: by the policy, else the word itself."""
    rules = policy.problems.get(word)
    return words.word(word) if rules is None or not rules.words else rules.words
