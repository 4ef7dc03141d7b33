"""The error ladder. Invalid input becomes a dead letter, a wrong set-up stops the start, anything else is our bug.

A bug is any other exception: it stops the worker without acknowledging (decision 0006).
"""


class MakegoodError(Exception):
    """Something a user can mend; the message says what, where and how."""


class InvalidRecord(MakegoodError):  # noqa: N818 - it names the record, as the dead letter does
    """An input record that cannot become a fact.

    `reason` is a closed word for counting (`undecodable`, `unknown_schema`, `invalid_field`, ...), `field` the path
    of the offending field or None. The message never holds the field's value: it could be personal.
    """

    def __init__(self, reason: str, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail
        self.field = field

    def __str__(self) -> str:
        return f"{self.field}: {self.detail}" if self.field else self.detail

    def under(self, name: str) -> "InvalidRecord":
        """Return the same refusal, its field's path seen from one level up: `lines`.`0.quantity`."""
        return InvalidRecord(self.reason, self.detail, f"{name}.{self.field}" if self.field else name)


class PolicyError(MakegoodError):
    """A policy folder that may not be used; the message names file, line and reason."""


class SetupError(MakegoodError):
    """The surroundings are not as they must be: no Java, a taken port, a missing topic, a wrong setting."""
