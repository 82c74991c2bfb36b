"""Words and marks by which extraverts and introverts speak differently, in closed lists.

LIWC's dictionaries are commercial; these lists are ours, short, and the same for every model. Words that often mean
something else are not in them: "like" compares, "well" and "kind" are seldom praise. For English, categories
of Empath (Fast et al. 2016) measure positive and social words a second time, by lists that nobody here wrote.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from phied_robot.pedagogy.trait_words import without_trait_words

_LISTS = {
    "en": {
        "we": "we us our ours ourselves we're we'll we've let's",
        "I": "i me my mine myself i'm i'll i've i'd",
        "positive": """amazing awesome beautiful best brilliant cheer clever cool delighted enjoy enjoyed excellent
            excited exciting fantastic fine fun glad good great happy hooray interesting joy love lovely
            magnificent marvelous nice perfect please pleased proud smile splendid super superb sweet terrific thank
            thanks welcome wonderful wow yay""",
        "social": """you your yours you're you'll we us our let's they them friend friends together share talk talks
            tell told say says said ask asks hear listen play everybody everyone team class people help helps child
            children family meet join both""",
        "tentative": """maybe perhaps probably possibly might may could seem seems seemed guess suppose somewhat hmm
            almost apparently appears unsure likely wonder think believe""",
    },
    "fr": {
        "we": "nous notre nos on nôtre nôtres",
        "I": "je j me m moi mon ma mes mien mienne",
        "positive": """bien bon bonne bons bonnes beau belle bravo chouette content contente excellent excellente extra
            fantastique fier fière formidable génial géniale heureux heureuse hourra intéressant joie joli jolie
            magnifique merci merveilleux parfait plaisir ravi sourire super superbe sympa""",
        "social": """tu toi te t ton ta tes vous votre vos nous on notre nos ils elles ami amie amis ensemble partager
            parler parle parlons dire dis demande écoute jouer joue tous équipe classe gens aide aider enfant enfants
            famille""",
        "tentative": """peut-être probablement possible possiblement semble sembler pourrait pourraient crois pense
            suppose plutôt presque environ hum hésite apparemment""",
    },
    "de": {
        "we": "wir uns unser unsere unseren unserem unserer",
        "I": "ich mich mir mein meine meinen meinem meiner",
        "positive": """ausgezeichnet begeistert bravo danke fantastisch fein freude freue freut froh genial gern gerne
            glücklich großartig gut gute guter gutes herrlich hurra interessant klasse lieb liebe lustig perfekt prima
            schön schöne schöner spaß spitze stolz super toll tolle toller wunderbar""",
        "social": """du dich dir dein deine deinen ihr euch euer wir uns unser sie freund freunde freundin zusammen
            gemeinsam teilen reden sprechen sag sagen frag fragen hör hören spielen alle team klasse leute hilfe
            helfen kind kinder familie""",
        "tentative": """vielleicht wahrscheinlich möglicherweise vermutlich könnte könnten scheint wohl glaube denke
            nehme ungefähr fast eventuell hm irgendwie etwa""",
    },
}
_EMPATH = {
    "positive, Empath": ("positive_emotion", "cheerfulness", "optimism", "joy", "achievement"),
    "social, Empath": ("friends", "communication", "help", "family", "children"),
}
PER_HUNDRED = "per 100 words"


@dataclass(frozen=True)
class Cue:
    """Something that can be counted in a text.

    expected: +1 where extraverts have more, -1 where introverts have.
    gate: Cohen's d that counts as shown (the project's gate is .5 on we, positive and social words).
    """

    name: str
    unit: str
    expected: int
    gate: float
    value: Callable[[str], float]


def cues(language: str) -> list[Cue]:
    """The cues of a language: en, fr or de."""
    lists = {name: frozenset(text.split()) for name, text in _LISTS[language].items()}

    def rate(name: str, expected: int, gate: float, entries: frozenset[str]) -> Cue:
        return Cue(name, PER_HUNDRED, expected, gate, lambda text: _rate(text, entries))

    found = [
        rate("we", 1, 0.5, lists["we"]),
        rate("I", -1, 0.0, lists["I"]),
        rate("positive words", 1, 0.5, lists["positive"]),
        rate("social words", 1, 0.5, lists["social"]),
        rate("tentative words", -1, 0.0, lists["tentative"]),
        Cue("exclamation marks", "per sentence", 1, 0.0, _exclamations),
    ]
    if language == "en":
        found += [rate(name, 1, 0.0, _empath(categories)) for name, categories in _EMPATH.items()]
    return found


def spoken(text: str, language: str) -> str:
    """The text that is measured: without words that name a personality."""
    return without_trait_words(text, language)


def count_words(text: str) -> int:
    """Words of a text, as the cues count them."""
    return len(_words(text))


def _rate(text: str, entries: frozenset[str]) -> float:
    said = _words(text)
    return 100 * sum(word in entries for word in said) / len(said) if said else 0.0


def _words(text: str) -> list[str]:
    """Words in lower case; what French elides (j'ai) is a word of its own, what English contracts (let's) is not."""
    text = re.sub(r"\b([cdjlmnstqu]{1,2})'", r"\1 ", text.lower().replace("’", "'"))
    return re.findall(r"[^\W\d_]+(?:['-][^\W\d_]+)*", text)


def _exclamations(text: str) -> float:
    sentences = len(re.findall(r"[.!?…]+(?=\s|$)", text)) or 1
    return text.count("!") / sentences


@cache
def _empath(categories: tuple[str, ...]) -> frozenset[str]:
    from empath import Empath  # type: ignore[import-untyped]

    lexicon = Empath()
    return frozenset(word for category in categories for word in lexicon.cats[category])
