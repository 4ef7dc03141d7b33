"""Hold audio: playlists are audited when they are published, and each audio can be asked for."""

from app.facts import AssetAsked, AssetStated, AssetTold, AudioAsset, Fact, PlaylistStated, asset_key
from app.register.doing import Doing
from app.register.state import Asset, Playlist
from app.topics import Topic


def stated(doing: Doing, known: Playlist | None, what: PlaylistStated) -> Playlist:
    """Keep a playlist, make its audios known, and tell the planner of those that sell to people who wait for help."""
    if known is not None and known.assets == what.assets:
        return known
    doing.note(f"playlist {what.playlist}: {len(what.assets)} audios")
    before = set() if known is None else set(known.assets)
    for asset in what.assets:
        if asset not in before:
            doing.pass_on(Topic.REGISTER_LOG, asset_key(asset.asset), AssetStated(asset))
    selling = [asset for asset in what.assets if _sells(doing, asset)]
    if selling:
        _tell(doing, what.playlist, selling)
    return Playlist(what.assets)


def _sells(doing: Doing, asset: AudioAsset) -> bool:
    return asset.audio_class in doing.policy.hold_audio.sales or bool(asset.products)


def _tell(doing: Doing, playlist: str, selling: list[AudioAsset]) -> None:
    products = sorted({product for asset in selling for product in asset.products})
    names = ", ".join(asset.asset for asset in selling)
    fields = {"playlist": playlist, "assets": names, "products": ", ".join(products) or "unknown"}
    text = f"Playlist {playlist} sells to callers who wait for help: {names}."
    doing.by_policy("hold_audio", "sales", classes=", ".join(doing.policy.hold_audio.sales))
    doing.notice("campaign_planner", "hold_audio_sales", fields, text)


def asked(doing: Doing, known: Asset | None, fact: Fact, what: AssetAsked) -> None:
    """Answer what an audio is."""
    customer = fact.subject.customer
    assert customer is not None, "a question names its customer"
    answer = AssetTold(what.question, what.asset, None if known is None else known.known)
    doing.pass_on(Topic.JOURNEY_LOG, customer.encode(), answer, customer)
