"""In which language a text is written."""

from functools import cache
from typing import Any

from phied_robot.pedagogy.words import words

SHORTEST = 4
"""Words; below, names and sums look like any language."""
DOUBT = 0.1
"""A text is taken to be in another language when its own has less than this probability."""
CANDIDATES = ("en", "fr", "de", "it", "es", "nl", "pt")


def other_language(text: str, language: str) -> str:
    """The language that a text seems to be written in, where that is surely not the given one; else nothing."""
    if len(words(language).stems(text)) < SHORTEST:
        return ""
    ranked = _identifier().rank(text)
    likely, _ = ranked[0]
    return str(likely) if likely != language and dict(ranked)[language] < DOUBT else ""


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # type: ignore[import-untyped]

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(list(CANDIDATES))
    return identifier
