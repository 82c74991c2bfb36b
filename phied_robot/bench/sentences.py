"""The sentences that are spoken while voice and motion are measured."""

from functools import cache
from pathlib import Path

import yaml


@cache
def sentences(language: str) -> tuple[str, ...]:
    """Twenty sentences of a tutor in "en", "fr" or "de" (KeyError: another language)."""
    text = Path(__file__).with_name("sentences.yaml").read_text(encoding="utf-8")
    return tuple(yaml.safe_load(text)[language])
