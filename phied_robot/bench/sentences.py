"""The sentences that are spoken while voice and motion are measured."""

from functools import cache
from pathlib import Path

import yaml


@cache
def sentences(name: str) -> tuple[str, ...]:
    """Twenty sentences of a tutor in "en", "fr" or "de", or the ten "unheard" English ones (KeyError: another name)."""
    text = Path(__file__).with_name("sentences.yaml").read_text(encoding="utf-8")
    return tuple(yaml.safe_load(text)[name])
