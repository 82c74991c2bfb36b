"""Examples for the demo model: situations of a lesson, drawn at random, with the answer a tutor would give.

The prompts are those of serving (`pedagogy.prompts`), so the model learns exactly what it will be asked.
"""

import random
from dataclasses import dataclass
from string import Formatter

from phied_robot.pedagogy.lessons import Fact, Lesson, Misconception
from phied_robot.pedagogy.prompts import MANNERS, Exchange, Grounding, Message, response_messages, strategy_messages
from phied_robot.pedagogy.retrieval import Retriever
from phied_robot.pedagogy.strategies import BY_LABEL
from phied_robot.training.demo.corpus import Corpus
from phied_robot.training.demo.distortion import distort

# How often each situation comes, and which strategies fit it, with the shares that make the distribution calibrated.
SITUATIONS: dict[str, tuple[float, dict[str, float]]] = {
    "question": (
        8,
        {"direct_instruction": 0.68, "socratic_questioning": 0.18, "worked_example": 0.09, "scaffolding": 0.05},
    ),
    "right": (5, {"confirmation": 1.0}),
    "wrong": (4, {"corrective_feedback": 0.9, "scaffolding": 0.1}),
    "misconception": (3, {"corrective_feedback": 1.0}),
    "dont_know": (1.5, {"scaffolding": 0.7, "direct_instruction": 0.3}),
    "asks_hint": (1, {"scaffolding": 1.0}),
    "asks_example": (1, {"worked_example": 1.0}),
    "asks_again": (1.5, {"direct_instruction": 0.65, "worked_example": 0.35}),
    "agreement": (0.7, {"socratic_questioning": 0.7, "direct_instruction": 0.3}),
    "frustration": (1.5, {"encouragement": 1.0}),
    "off_topic": (1.5, {"redirection": 1.0}),
    "greeting": (0.6, {"redirection": 1.0}),
    "farewell": (0.6, {"redirection": 1.0}),
    "who_are_you": (0.6, {"redirection": 1.0}),
    "outside": (3, {"redirection": 0.85, "direct_instruction": 0.15}),
}
ASKED_BEFORE = ("right", "wrong", "dont_know", "asks_hint")
ABOUT_THE_LAST_FACT = (*ASKED_BEFORE, "asks_example", "asks_again", "agreement")
WHOLE_ANSWERS = ("greeting", "farewell", "who_are_you")
EARLIER_STRATEGIES = ("direct_instruction", "direct_instruction", "worked_example", "socratic_questioning")
EARLIER_EXCHANGES = (0.55, 0.2, 0.15, 0.1)
"""Shares of conversations with none, one, two and three exchanges before those that the situation needs."""
RETRIEVED = 0.6
"""Share of scenes on true facts whose notes are those that serving would find; near misses are the hard ones."""
NOTES = 3
"""Notes of a prompt in class."""
WHOLE_FRAMES = 0.4
"""Share of answers in a frame of one piece; the others have an opening and a closing of their own."""


@dataclass(frozen=True)
class Scene:
    """What surrounds one answer; `fact` is the one that fits, if any."""

    situation: str
    lesson: Lesson
    age: int
    manner: str
    strategy: str
    grounding: Grounding
    history: tuple[Exchange, ...]
    heard: str
    fact: Fact | None

    def strategy_prompt(self) -> list[Message]:
        """The prompt of the adapter that chooses."""
        return strategy_messages(
            title=self.lesson.title, age=self.age, grounding=self.grounding, history=self.history, heard=self.heard
        )

    def response_prompt(self) -> list[Message]:
        """The prompt of the adapter that answers."""
        return response_messages(
            title=self.lesson.title,
            age=self.age,
            manner=self.manner,
            strategy=self.strategy,
            grounding=self.grounding,
            history=self.history,
            heard=self.heard,
        )

    @property
    def code(self) -> str:
        """The code of the strategy."""
        return BY_LABEL[self.strategy].code


def draw_scene(corpus: Corpus, rng: random.Random, *, made_up: float = 0.0, situation: str | None = None) -> Scene:
    """A scene at random; `made_up` is the share of scenes whose facts are distorted."""
    situation = situation or rng.choices(list(SITUATIONS), [weight for weight, _ in SITUATIONS.values()])[0]
    lesson = rng.choice(corpus.lessons)
    facts = list(lesson.facts)
    distorted = rng.random() < made_up
    if distorted:
        facts = [distort(fact, corpus.words, rng) for fact in facts]
    fact = rng.choice(facts)
    misconception = None
    if situation == "misconception":
        if lesson.misconceptions:
            misconception = rng.choice(lesson.misconceptions)
            fact = next(one for one in facts if one.id == misconception.fact)
        else:
            situation = "wrong"
    manner = rng.choice(list(MANNERS))
    strategies = SITUATIONS[situation][1]
    strategy = rng.choices(list(strategies), list(strategies.values()))[0]
    expected, history = _history(corpus, lesson, facts, fact, situation, manner, rng)
    heard = _heard(corpus, lesson, facts, fact, misconception, situation, rng)
    if not distorted and rng.random() < RETRIEVED:
        notes = _retrieved_notes(corpus.retrievers[lesson.name], fact, situation, heard, rng)
    else:
        notes = _random_notes(facts, fact, situation, rng)
    grounding = Grounding(notes, misconception, expected)
    fits = fact if grounding.facts and situation not in (*WHOLE_ANSWERS, "outside") else None
    return Scene(situation, lesson, rng.randint(*lesson.ages), manner, strategy, grounding, history, heard, fits)


def answer(corpus: Corpus, scene: Scene, rng: random.Random) -> str:
    """The answer that the scene's strategy and manner call for."""
    if scene.situation in WHOLE_ANSWERS:
        return _filled(rng.choice(corpus.frames[scene.situation][scene.manner]), scene)
    if scene.situation == "outside" or (scene.fact is None and scene.strategy != "redirection"):
        return _filled(rng.choice(corpus.frames["unknown"][scene.manner]), scene)
    frames = corpus.frames[scene.strategy][scene.manner]
    fitting = [frame for frame in frames["whole"] if _slots_of(frame) <= lesson_words(scene).keys()]
    if fitting and rng.random() < WHOLE_FRAMES:
        return _filled(rng.choice(fitting), scene)
    parts = (rng.choice(frames["before"]), bare_answer(scene), rng.choice(frames["after"]))
    return _filled(" ".join(part for part in parts if part), scene)


def lesson_words(scene: Scene) -> dict[str, str]:
    """The lesson's own words that the answer may hold, by slot of a frame; the last is what the answer is about."""
    fact = scene.fact
    if fact is None:
        return {}
    match scene.strategy:
        case "socratic_questioning" | "encouragement" | "redirection":
            return {"ask": fact.ask}
        case "scaffolding":
            return {"hint": fact.hint}
        case "worked_example" if scene.situation == "asks_example":
            return {"example": fact.example}
        case "worked_example":
            return {"fact": fact.text, "example": fact.example}
        case "corrective_feedback" if scene.grounding.misconception:
            return {"correction": scene.grounding.misconception.correction}
        case _:
            return {"fact": fact.text}


def bare_answer(scene: Scene) -> str:
    """The lesson's own words of the answer, without a frame; empty where nothing fits."""
    return " ".join(lesson_words(scene).values())


def _slots_of(frame: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(frame) if name and name != "title"}


def _filled(frame: str, scene: Scene) -> str:
    for slot, words in {**lesson_words(scene), "title": scene.lesson.title.lower()}.items():
        frame = frame.replace(f"{{{slot}}}", words)
    return frame


def _retrieved_notes(
    retriever: Retriever, fact: Fact, situation: str, heard: str, rng: random.Random
) -> tuple[Fact, ...]:
    """The notes that serving would give, and the fitting fact among them."""
    if situation in WHOLE_ANSWERS:
        return ()
    findings = retriever.search(heard if situation in ("question", "outside") else rng.choice(fact.asked), limit=NOTES)
    notes = retriever.notes(findings, NOTES)
    if situation != "outside" and fact not in notes:
        notes = [*notes[: NOTES - 1], fact]
    return tuple(notes)


def _random_notes(facts: list[Fact], fact: Fact, situation: str, rng: random.Random) -> tuple[Fact, ...]:
    """Notes that rarely resemble each other: the fitting fact among others, mostly first, as retrieval puts it."""
    if situation in WHOLE_ANSWERS or (situation == "outside" and rng.random() < 0.7):
        return ()
    if situation in ("off_topic", "frustration") and rng.random() < 0.4:
        return (fact,)
    others = [one for one in facts if one.id != fact.id]
    notes = rng.sample(others, min(rng.randint(1, 2), len(others)))
    if situation != "outside":
        notes.insert(0 if rng.random() < 0.6 else rng.randint(0, len(notes)), fact)
    return tuple(notes)


def _heard(
    corpus: Corpus,
    lesson: Lesson,
    facts: list[Fact],
    fact: Fact,
    misconception: Misconception | None,
    situation: str,
    rng: random.Random,
) -> str:
    said = corpus.utterances
    match situation:
        case "question":
            return _spoken(rng.choice(said["question"]).replace("{question}", rng.choice(fact.asked)), rng)
        case "right":
            return _spoken(rng.choice(said["answer"]).replace("{statement}", _right_statement(lesson, fact, rng)), rng)
        case "wrong":
            other = rng.choice([one for one in facts if one.id != fact.id] or facts)
            if rng.random() < 0.5:
                other = rng.choice(rng.choice(corpus.lessons).facts)
            return _spoken(rng.choice(said["answer"]).replace("{statement}", _piece(other.text, rng)), rng)
        case "misconception":
            assert misconception is not None
            return _spoken(rng.choice(said["answer"]).replace("{statement}", misconception.says), rng)
        case "outside":
            elsewhere = rng.choice([one for one in corpus.lessons if one.title != lesson.title] or [lesson])
            return _spoken(rng.choice([*rng.sample(said["outside"], 2), *rng.choice(elsewhere.facts).asked]), rng)
        case _:
            return _spoken(rng.choice(said[situation]), rng)


def _right_statement(lesson: Lesson, fact: Fact, rng: random.Random) -> str:
    answers = [check.answer for check in lesson.checks if check.fact == fact.id]
    return rng.choice(answers) if answers and rng.random() < 0.5 else _piece(fact.text, rng)


def _piece(text: str, rng: random.Random) -> str:
    """Part of a sentence, as children answer: its end, or all of it."""
    words = text.rstrip(".").split()
    begin = rng.choice((0, len(words) // 3, len(words) // 2))
    return " ".join(words[begin:])


def _spoken(text: str, rng: random.Random) -> str:
    """The text as typed, or as recognizers write it: small letters and no punctuation."""
    return text if rng.random() < 0.6 else text.lower().translate(str.maketrans("", "", ".,?!"))


def _history(
    corpus: Corpus,
    lesson: Lesson,
    facts: list[Fact],
    fact: Fact,
    situation: str,
    manner: str,
    rng: random.Random,
) -> tuple[str, tuple[Exchange, ...]]:
    """What was expected of the child, and the exchanges before."""
    history = [
        _exchange(corpus, lesson, facts, rng.choice(facts), rng.choice(EARLIER_STRATEGIES), manner, rng)
        for _ in range(rng.choices(range(4), EARLIER_EXCHANGES)[0])
    ]
    if situation in ASKED_BEFORE or (situation == "misconception" and rng.random() < 0.4):
        strategy = rng.choice(("socratic_questioning", "socratic_questioning", "scaffolding"))
        history.append(_exchange(corpus, lesson, facts, fact, strategy, manner, rng))
        return fact.text, tuple(history)
    if situation in ABOUT_THE_LAST_FACT:
        strategy = rng.choice(("direct_instruction", "direct_instruction", "worked_example"))
        history.append(_exchange(corpus, lesson, facts, fact, strategy, manner, rng))
    return "", tuple(history)


def _exchange(
    corpus: Corpus, lesson: Lesson, facts: list[Fact], fact: Fact, strategy: str, manner: str, rng: random.Random
) -> Exchange:
    scene = Scene("question", lesson, 8, manner, strategy, Grounding((fact,)), (), rng.choice(fact.asked), fact)
    return Exchange(scene.heard, answer(corpus, scene, rng))
