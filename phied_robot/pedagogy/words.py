"""Text as the stems that count in a search: "Why are leaves green?" becomes why, are, leaf, green.

Fractions and numbers have one form however they are written: "1/2", "½" and "one half" are the stems 1 and /2.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import cache

_SNOWBALL = {"en": "english", "fr": "french", "de": "german"}

_FUNCTION_WORDS = {
    "en": """a about all also am an and any are as at be because been but by call called can come comes could did do
        does ever every explain for from get gets give go goes good got had happen happens has have he her here him
        his how i if in inside into is it its job just kind know let lets like long look looks lot make makes
        many may maybe me mean means might more much must my name never no not now of off ok okay on or our out
        plus minus please point really say shall she should so some stuff such tell than that the their them then there
        these they thing things think this those time to too us use used very want wants was we well were what
        when where which while who whom whose why will with work works would yeah yes yet""",
    "fr": """a ai ainsi alors au aussi aux avec beaucoup bien c ça car ce ceci cela ces cet cette chose ci comment
        comme d dans de des dire dis donc du elle elles en es est et être eux explique fait faire il ils j je l la là le
        les leur lui m ma mais me même mes moi mon n ne nos notre nous on ont or ou où par parce pas peut peux plus pour
        pourquoi qu quand que quel quelle quelles quels quelque qui quoi s sa sais sans se ses si son sont sur ta te
        tes toi ton tous tout très tu un une va veut vos votre vous y""",
    "de": """ab aber alle als also am an auch auf aus bei beim bin bis bist bitte da damit dann das dass dein dem den
        denn der des die dies diese dir doch du ein eine einem einen einer eines er erkläre es etwas für gehen geht
        gibt haben hat heißt ich ihr ihre im in ins ist ja kann kannst kein keine kommt können man machen macht mal mehr
        mein mich mir mit nach nein nicht noch nun nur ob oder sag sagen sehr sein seine sich sie sind so
        soll tun um und uns von vor war warum was weil welche welcher wem wen wenn wer werden wie wieso wir wird wo
        woher wohin wozu wollen zu zum zur""",
}
_OPENERS = {
    "en": """are can could did do does explain has have how is must should tell was were what when where which who whose
        why will would""",
    "fr": "combien comment est où peut pourquoi quand que quel quelle quelles quels qui quoi",
    "de": """darf gibt hat haben ist kann können muss sind wann warum was welche welcher welches wer weshalb wie wieso
        wo woher wohin wozu""",
}
_PRONOUNS = {"en": "it that they them this", "fr": "ça cela elle elles il ils", "de": "das dies er es sie"}
_NEGATIONS = {"en": "no not never", "fr": "ne n pas jamais", "de": "nicht kein keine nie"}
_NUMBERS = {
    "en": """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
        seventeen eighteen nineteen twenty""",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
}
_PARTS = {
    "en": {2: "half halves", 3: "third thirds", 4: "quarter quarters fourth fourths", 5: "fifth fifths"}
    | {6: "sixth sixths", 8: "eighth eighths", 10: "tenth tenths"},
    "fr": {2: "demi demie demis moitié", 3: "tiers", 4: "quart quarts", 5: "cinquième cinquièmes"}
    | {6: "sixième sixièmes", 8: "huitième huitièmes", 10: "dixième dixièmes"},
    "de": {2: "halb halbe halbes hälfte", 3: "drittel", 4: "viertel", 5: "fünftel", 6: "sechstel", 8: "achtel"}
    | {10: "zehntel"},
}
# What the stemmer does not bring together, and two spellings of one word.
_IRREGULAR = {
    "en": {"leaves": "leaf", "colour": "color", "colours": "color", "vapour": "vapor", "grew": "grow", "drank": "drink"}
    | {"made": "make", "fell": "fall", "froze": "freeze", "frozen": "freeze", "ate": "eat", "bigger": "big"}
    | {"biggest": "big", "larger": "big", "large": "big", "greater": "big", "smaller": "small", "smallest": "small"},
    "fr": {},
    "de": {},
}
_SAME = {
    "en": {"are": "is", "am": "is", "was": "is", "were": "is", "be": "is", "does": "do", "did": "do", "has": "have"},
    "fr": {"sont": "est", "font": "fait"},
    "de": {"sind": "ist", "war": "ist", "waren": "ist", "haben": "hat"},
}
_REQUEST = {
    "en": r"\b(can|could|would|will) you( please)? (tell|explain|show)( to)?( me)?( about)?\b",
    "fr": r"\b(peux-tu|tu peux|est-ce que tu peux) (me |m')?(dire|expliquer)\b|\best-ce qu(e |')",
    "de": r"\b(kannst du|könntest du)( mir)?( bitte)?( sagen| erklären)?\b",
}


class Words:
    """How one language is read."""

    def __init__(self, language: str) -> None:
        """Load the stemmer of a language: en, fr or de."""
        import snowballstemmer  # type: ignore[import-untyped]

        self._stem: Callable[[str], str] = cache(snowballstemmer.stemmer(_SNOWBALL[language]).stemWord)
        self._request = re.compile(_REQUEST[language])
        self._irregular = _IRREGULAR[language] | _SAME[language]
        self._fixed = {word: str(number) for number, word in enumerate(_NUMBERS[language].split())}
        for part, names in _PARTS[language].items():
            self._fixed |= dict.fromkeys(names.split(), f"/{part}")
        self._openers = frozenset(self.stems(_OPENERS[language]))
        self.function_words = frozenset(self.stems(_FUNCTION_WORDS[language])) - {"1"}
        self.pronouns = frozenset(self.stems(_PRONOUNS[language]))
        self.negations = frozenset(self.stems(_NEGATIONS[language]))

    def stems(self, text: str) -> list[str]:
        """The stems of a text in their order."""
        text = unicodedata.normalize("NFKC", text).lower().replace("⁄", "/").replace("’", "'").replace("+", " plus ")
        text = self._request.sub(" ", text)
        text = re.sub(r"n't\b", " not", text).replace("'s ", " ")
        stems: list[str] = []
        for word in re.findall(r"\d+/\d+|\d+|[^\W\d_]+", text):
            above, slash, below = word.partition("/")
            stems += [above, f"/{below}"] if slash else [self._one(word)]
        return stems

    def content(self, text: str) -> list[str]:
        """The stems that carry meaning."""
        return [stem for stem in self.stems(text) if stem not in self.function_words]

    def is_question(self, text: str) -> bool:
        """Whether a text asks: by its mark, or, as recognized speech has none, by its first word."""
        return text.rstrip().endswith("?") or bool(self._openers.intersection(self.stems(text)[:1]))

    def _one(self, word: str) -> str:
        word = self._irregular.get(word, word)
        return self._fixed.get(word) or self._stem(word)


@cache
def words(language: str) -> Words:
    """The reader of a language, made once."""
    return Words(language)
