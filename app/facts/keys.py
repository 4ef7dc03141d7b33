"""The register's keys: what spans customers is kept under these."""

from binascii import crc32
from typing import Final

from app.ids import CustomerId

SHARDS: Final = 16
"""What is kept of many customers is kept in so many parts, so that no state grows without bound."""


def severe_key(brand: str, shard: int) -> bytes:
    """Return the register's key of a part of a brand's customers with severe open problems."""
    return f"severe:{brand}:{shard}".encode()


def shard_of(customer: CustomerId) -> int:
    """Return the part that a customer is kept in."""
    return crc32(customer.encode()) % SHARDS


def budget_key(budget: str, period: str) -> bytes:
    """Return the register's key of a budget in one period."""
    return f"budget:{budget}:{period}".encode()


def account_key(account: str) -> bytes:
    """Return the register's key of an account: what its people have."""
    return f"account:{account}".encode()


def members_key(account: str, shard: int) -> bytes:
    """Return the register's key of a part of an account's people."""
    return f"members:{shard}:{account}".encode()


def offer_key(offer: str) -> bytes:
    """Return the register's key of an offer."""
    return f"offer:{offer}".encode()


def holders_key(offer: str, shard: int) -> bytes:
    """Return the register's key of a part of those who hold an offer."""
    return f"holders:{shard}:{offer}".encode()


def campaign_key(campaign: str) -> bytes:
    """Return the register's key of a campaign."""
    return f"campaign:{campaign}".encode()


def incident_key(cause: str) -> bytes:
    """Return the register's key of what many customers may have in common."""
    return f"incident:{cause}".encode()


def playlist_key(playlist: str) -> bytes:
    """Return the register's key of a playlist."""
    return f"playlist:{playlist}".encode()


def asset_key(asset: str) -> bytes:
    """Return the register's key of an audio."""
    return f"asset:{asset}".encode()
