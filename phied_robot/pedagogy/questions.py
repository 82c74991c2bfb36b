"""What a child typed or said, checked before anything is asked of the model."""

import unicodedata
from typing import Literal

LONGEST_QUESTION = 1_000
"""Characters; a child's question has rarely a hundred."""

Refusal = Literal["empty", "too_long", "unreadable", "other_script"]

_LANGUAGE_NAMES = {"en": "English", "fr": "French", "de": "German"}


def check_question(text: str, language: str) -> str | None:
    """One sentence that says why a question is refused, or None when it is fit to be asked."""
    match refusal(text):
        case "empty":
            return "The question holds no words; say or type a question."
        case "too_long":
            return f"The question has {len(text)} characters; ask one of at most {LONGEST_QUESTION}."
        case "unreadable":
            return "The question holds control characters, which cannot be read; type it again."
        case "other_script":
            name = _LANGUAGE_NAMES.get(language, language)
            return f"The question is written in another script; ask it in {name}."
    return None


def refusal(text: str) -> Refusal | None:
    """Why a question is refused, or None when it is fit to be asked."""
    if len(text) > LONGEST_QUESTION:
        return "too_long"
    if any(_unreadable(character) for character in text):
        return "unreadable"
    if not any(character.isalnum() for character in text):
        return "empty"
    letters = [character for character in text if character.isalpha()]
    latin = sum("LATIN" in unicodedata.name(letter, "") for letter in letters)
    return "other_script" if 2 * latin < len(letters) else None


def _unreadable(character: str) -> bool:
    return character not in "\t\n\r" and unicodedata.category(character) in {"Cc", "Cs", "Co", "Cn"}
