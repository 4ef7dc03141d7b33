"""Ids of 32 hex digits, as recorded data has them."""

from hashlib import blake2b


def hex_id(kind: str, number: int) -> str:
    """Return the same id for the same kind and number."""
    return blake2b(f"{kind}/{number}".encode(), digest_size=16).hexdigest()
