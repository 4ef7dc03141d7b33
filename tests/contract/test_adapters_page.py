"""docs/adapters.md says what the code does: its mapping loads, its settings exist, its lists are whole."""

import re
from pathlib import Path

from pydantic_settings import BaseSettings

from app import settings
from app.adapters import shopify, zendesk
from app.adapters.declared import load
from app.settings import ROOT
from app.wire.catalog import bundled

PAGE = (ROOT / "docs" / "adapters.md").read_text(encoding="utf-8")


def _env_names() -> set[str]:
    groups = [group for group in vars(settings).values() if isinstance(group, type) and issubclass(group, BaseSettings)]
    return {
        f"{group.model_config.get('env_prefix', '')}{name}".upper() for group in groups for name in group.model_fields
    }


def test_the_mapping_on_the_page_loads(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)
    file = tmp_path / "page.yaml"
    file.write_text(block, encoding="utf-8")
    assert load(file, bundled()).source == "warehouse"


def test_every_setting_on_the_page_exists() -> None:
    named = set(re.findall(r"MAKEGOOD_[A-Z_]+[A-Z]", PAGE))
    assert named
    assert named <= _env_names()


def test_every_shopify_topic_that_is_mapped_is_on_the_page_and_to_be_subscribed_to() -> None:
    part = PAGE[PAGE.index("### Shopify") : PAGE.index("### AfterShip")]
    subscribe = part[: part.index("| topic |")]
    for topic in (*shopify._READ, "fulfillment_orders/placed_on_hold"):
        assert f"`{topic}`" in subscribe, topic
    for event in zendesk._READ:
        assert event.removeprefix("ticket.").replace("_", " ") in PAGE.replace("\n", " "), event
