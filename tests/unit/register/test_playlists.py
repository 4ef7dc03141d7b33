"""Playlists are audited when they are published, and each audio can be asked for."""

from app.facts import AssetAsked, AssetTold, AudioAsset, PlaylistStated, asset_key, playlist_key
from tests.support.registers import RegisterPlay

START = 1_780_000_000_000
MUSIC = AudioAsset("A-1", "music")
ADVERT = AudioAsset("A-2", "sales", ("PHONE-9",))


def publish(play: RegisterPlay, at: int, *assets: AudioAsset) -> None:
    play.take(playlist_key("L-1"), PlaylistStated("L-1", assets), at)
    play.tick(at)


def ask(play: RegisterPlay, asset: str, at: int) -> None:
    play.take(asset_key(asset), AssetAsked(f"q/{asset}", asset), at, "C-1")
    play.tick(at)


def test_a_sales_message_in_a_playlist_is_flagged_to_the_planner_when_it_is_published() -> None:
    play = RegisterPlay()
    publish(play, START, MUSIC, ADVERT)
    (notice,) = play.notices("hold_audio_sales")
    assert (notice.recipient, notice.customer) == ("campaign_planner", "playlist:L-1")
    assert (notice.fields["assets"], notice.fields["products"]) == ("A-2", "PHONE-9")


def test_music_that_sells_a_product_is_a_sales_message_whatever_it_is_called() -> None:
    play = RegisterPlay()
    publish(play, START, AudioAsset("A-3", "music", ("PHONE-9",)))
    assert play.notices("hold_audio_sales")


def test_a_playlist_of_music_says_nothing() -> None:
    play = RegisterPlay()
    publish(play, START, MUSIC)
    assert not play.notices("hold_audio_sales")


def test_a_playlist_stated_again_is_not_flagged_again() -> None:
    play = RegisterPlay()
    publish(play, START, ADVERT)
    publish(play, START + 1, ADVERT)
    assert len(play.notices("hold_audio_sales")) == 1


def test_an_audio_of_a_playlist_is_known_and_any_other_is_not() -> None:
    play = RegisterPlay()
    publish(play, START, MUSIC, ADVERT)
    ask(play, "A-2", START + 1)
    ask(play, "A-9", START + 2)
    assert play.told() == [AssetTold("q/A-2", "A-2", ADVERT), AssetTold("q/A-9", "A-9", None)]
