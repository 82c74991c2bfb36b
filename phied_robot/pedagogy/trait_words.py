"""Words that name a personality instead of showing it.

A text that says "I am shy" scores as introvert without being so (effects of two to three standard deviations), so
training data should not hold them, and measures of personality take them out first.
"""

import re

_STEMS = {
    "en": """introver\\w* extrover\\w* extraver\\w* shy\\w* quiet\\w* outgoing sociable talkative reserved timid\\w*
        bashful\\w* loner\\w* solitary alone party parties partying lively energetic adventurous loud\\w* crowd\\w*
        withdrawn personalit\\w*""",
    "fr": """introver\\w* extraver\\w* timid\\w* réservée?s? silencieu\\w* sociable\\w* bavarde?s? solitaire\\w* fêtes?
        bruyant\\w* personnalité\\w*""",
    "de": """introver\\w* extraver\\w* extrover\\w* schüchtern\\w* zurückhalten\\w* stille?[nrs]? gesellig\\w*
        gesprächig\\w* einzelgänger\\w* allein party partys lebhaft\\w* laute?[nrs]? persönlichkeit\\w*""",
}
_PATTERNS = {
    language: re.compile(rf"\b(?:{'|'.join(stems.split())})\b", re.IGNORECASE) for language, stems in _STEMS.items()
}


def trait_words(text: str, language: str) -> list[str]:
    """The words of a text that name a personality, in their order."""
    return _PATTERNS[language].findall(text)


def without_trait_words(text: str, language: str) -> str:
    """The text with those words taken out."""
    return _PATTERNS[language].sub("", text)
