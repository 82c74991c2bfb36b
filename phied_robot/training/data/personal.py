"""Personal data that must not be learned: what identifies or reaches somebody."""

import re

_PATTERNS = {
    "an e-mail address": re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b"),
    # With its country, with the zero of a long-distance call, or as North America writes it: sums look like the rest.
    "a telephone number": re.compile(
        r"(?<!\w)(?:\+\d[\d /().-]{7,}\d|\(?0\d{1,4}\)?[ /-]\d{2,4}[ -]?\d{2,4}(?:[ -]?\d{2,4})+"
        r"|\(?[2-9]\d{2}\)?[ .-]\d{3}[.-]\d{4})(?!\w)"
    ),
    "a web address of a person": re.compile(r"\b(?:instagram|facebook|tiktok|linkedin|twitter)\.com/\w+", re.I),
    "an IBAN": re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){3,7}\b"),
}
_NAMED = re.compile(
    r"\b(?i:my (?:full )?name is|je m['’]appelle|ich heiße|mein name ist) +([A-ZÄÖÜÉÈ]\w+(?: +[A-ZÄÖÜÉÈ]\w+)?)"
)
_HOME = re.compile(r"\b(?i:i live (?:at|in)|j['’]habite (?:à|au)|ich wohne in) +[A-ZÄÖÜÉÈ0-9]\w*")


def personal_data(text: str) -> list[str]:
    """What in a text identifies or reaches somebody for certain."""
    return [f"{what} ({match[0].strip()})" for what, pattern in _PATTERNS.items() for match in pattern.finditer(text)]


def perhaps_personal(text: str) -> list[str]:
    """What may name a child or where it lives; a character of a story does so, too."""
    names = [f"a name ({match[1]})" for match in _NAMED.finditer(text)]
    return names + [f"a home ({match[0]})" for match in _HOME.finditer(text)]
