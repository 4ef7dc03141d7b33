"""Source `stories`: the bundled stories, all on one timeline."""

from typing import Final

from app.errors import SetupError
from app.replay.source import InputEvent, Position, Timeline
from app.replay.timeline import Story

NAME: Final = "stories"


def on_one_timeline(stories: tuple[Story, ...]) -> Timeline:
    """Return the events of all stories in the order of (time, story, line); SetupError when their policies differ."""
    policies = sorted({story.policy for story in stories})
    if len(policies) != 1:
        raise SetupError(f"the stories are written for the policies {', '.join(policies)}: play them one by one")
    found = sorted(
        (
            (entry.at, place, entry.line, entry.event, story.name)
            for place, story in enumerate(stories)
            for entry in story.timeline
            if entry.event is not None
        ),
        key=lambda one: one[:3],
    )
    events = tuple(
        InputEvent(
            event.topic, event.key, at, sequence, Position(f"{name}.yaml", line), event.type, dict(event.payload)
        )
        for sequence, (at, _, line, event, name) in enumerate(found)
    )
    ends = max(entry.at for story in stories for entry in story.timeline)
    return Timeline(NAME, policies[0], len(events), (), lambda: iter(events), ends)
