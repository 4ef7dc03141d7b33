"""Planned campaigns as the planner was told of them: whom each should leave out because of a severe open problem."""

from collections import OrderedDict
from typing import Final

from app.outputs import ALL, Notice
from app.web.gate import KNOWN_CHANNELS

_LISTS: Final = frozenset({"campaign_exclusions_part", "campaign_exclusions_changed"})
_MOST: Final = 1_000


class Planned:
    """One campaign: what it sends by which channel, and the severe cases to leave out, as last told."""

    def __init__(self, message_class: str, channel: str) -> None:
        self.message_class = message_class
        self.channel = channel
        self.severe: dict[str, None] = {}


class Campaigns:
    """The newest campaigns, by id."""

    def __init__(self) -> None:
        self._planned: OrderedDict[str, Planned] = OrderedDict()

    def told(self, notice: Notice) -> None:
        """Take in a part of a list that went to a planner; other notices are none of ours."""
        if notice.template not in _LISTS:
            return
        name, fields = notice.fields["campaign"], notice.fields
        planned = self._planned.get(name)
        if planned is None:
            planned = self._planned[name] = Planned(fields["message_class"], _channel(fields["channels"]))
            if len(self._planned) > _MOST:
                self._planned.popitem(last=False)
        for customer in (*_names(fields, "customers"), *_names(fields, "added")):
            planned.severe[customer] = None
        for customer in _names(fields, "removed"):
            planned.severe.pop(customer, None)

    def find(self, name: str) -> Planned | None:
        """Return a campaign, None when no planner was told of it."""
        return self._planned.get(name)


def _names(fields: dict[str, str], field: str) -> list[str]:
    return fields[field].split(", ") if fields.get(field) else []


def _channel(channels: str) -> str:
    """Return the one channel of a campaign; of several, any."""
    return channels if channels in KNOWN_CHANNELS else ALL
