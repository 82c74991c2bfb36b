"""Sentences are cut where they end, as soon as that is certain."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phied_robot.pedagogy.sentences import FIRST, LONGEST, SentenceCutter


def cut(text: str) -> list[str]:
    cutter = SentenceCutter()
    return cutter.feed(text) + cutter.finish()


@pytest.mark.parametrize(
    "sentences",
    [
        ["Plants make food.", "They use light.", "Nice!"],
        ["It is 3.14 meters long.", "That is long."],
        ["Ask Mr. Brown or Dr. Green.", "They know."],
        ["Bring a fruit, e.g. an apple.", "Or a pear, i.e. Williams pears."],
        ["We have apples, pears etc.", "Then we eat."],
        ["Pflanzen, z. B. Rosen, d. h. Blumen, brauchen Licht.", "Gut!"],
        ["Wir gehen in die 1. Klasse.", "Am 3. Mai ist Schule."],
        ["He said: “I see. You too.”", "Then he left."],
        ['"Why? Tell me!" she asked.', "He knew."],
        ["Das heißt „Ja. Nein.“", "Gut."],
        ["« Oui ! » dit-elle.", "« Non ! »", "Il part."],
        ["Pourquoi ?", "Parce que la lumière aide !", "Bien."],
        ["Pourquoi\u202f?", "C'est clair\u00a0!", "Bien."],
        ["Hmm... let me see...", "Yes!"],
        ["Attends… je cherche…", "Voilà !"],
        ["Really?!", "Great!!!", "Let us go."],
        ["Plants (trees, too. And grass.) grow.", "Good."],
        ["So am I.", "And you?"],
        ["No.", "Plants are alive."],
        ["The U.S. law is old.", "J. R. Smith knew it."],
        ["Well done!", "🌻 Now you."],
        ["It weighs 1.500,75 kg.", "Das sind 3,5 m."],
        ["La plante mesure 2,5 cm.", "M. Dupont et Mme Roy la voient."],
        ["Elle dit : « C'est vrai. Oui ! »", "Puis elle rit."],
        ["Um 10.30 Uhr beginnt es.", "Prof. Dr. Klein kommt."],
        ["»Warum?«, fragt sie.", "»Darum.«"],
        ["Er sagt: ‚Ja.‘", "Dann geht er."],
        ["Louis XIV. lebte lange.", "Gut."],
        ["The 2nd one is 0.5 m long, i.e. short.", "Why?", "Look!"],
        ["Version 2.0 is new.", "Go to phi.org now."],
    ],
)
def test_sentences_end_where_a_reader_ends_them(sentences: list[str]) -> None:
    assert cut(" ".join(sentences)) == sentences


def test_a_line_break_ends_a_sentence() -> None:
    assert cut("First the seed\nThen the root\n\nEnd") == ["First the seed", "Then the root", "End"]


def test_a_sentence_comes_with_the_first_letter_of_the_next() -> None:
    cutter = SentenceCutter()
    assert cutter.feed("Plants make food.") == []
    assert cutter.feed(" ") == []
    assert cutter.feed("T") == ["Plants make food."]
    assert cutter.finish() == ["T"]


def test_a_point_that_turns_out_to_stand_inside_a_number_does_not_cut() -> None:
    cutter = SentenceCutter()
    assert [cutter.feed(piece) for piece in ["It is 3", ".", "1", "4 ", "m. "]] == [[]] * 5
    assert cutter.finish() == ["It is 3.14 m."]


LONG_FIRST = "When the sun shines on a leaf, the leaf makes sugar out of water and air. It is food, and it keeps."


def test_of_a_long_first_sentence_the_first_clause_comes_as_soon_as_the_sentence_is_too_long_to_wait_for() -> None:
    clause, rest, last = (
        "When the sun shines on a leaf,",
        "the leaf makes sugar out of water and air.",
        "It is food, and it keeps.",
    )
    assert cut(LONG_FIRST) == [clause, rest, last]
    cutter = SentenceCutter()
    assert cutter.feed(LONG_FIRST[:FIRST]) == []
    assert cutter.feed(LONG_FIRST[FIRST]) == [clause]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Des plantes vertes poussent : elles ont besoin de beaucoup de lumière.", "Des plantes vertes poussent :"),
        (
            "Pflanzen wachsen (im Wald, am See, im Feld) gern, wenn es dort genug Licht gibt.",
            "Pflanzen wachsen (im Wald, am See, im Feld) gern,",
        ),
        (
            "A plant needs 1,500 litres and 3.5 grams of that; the rest of it comes out of the air.",
            "A plant needs 1,500 litres and 3.5 grams of that;",
        ),
        (
            "A very short one. Then one that is much longer than the bound, but that is not the first.",
            "A very short one.",
        ),
        (
            "No clause stands in this sentence although it is longer than any bound on it is.",
            "No clause stands in this sentence although it is longer than any bound on it is.",
        ),
    ],
)
def test_a_first_clause_ends_outside_of_brackets_and_numbers(text: str, first: str) -> None:
    assert cut(text)[0] == first


def test_a_runaway_sentence_is_cut_at_a_clause() -> None:
    clause = "the water rises and falls and flows on and on, "
    pieces = cut(clause * 20)
    assert all(len(piece) <= LONGEST for piece in pieces)
    assert all(piece.endswith(",") for piece in pieces)


@pytest.mark.parametrize("runaway", ["word " * 400, "x" * 1_000, '"' + "word. " * 400])
def test_no_sentence_is_longer_than_the_bound(runaway: str) -> None:
    assert all(0 < len(piece) <= LONGEST for piece in cut(runaway))


@pytest.mark.parametrize("text", ["", " ", "...", "!?", "\n\n", "« »"])
def test_nothing_to_say_gives_no_sentence(text: str) -> None:
    assert cut(text) == []


def test_a_cutter_begins_anew_after_the_end() -> None:
    cutter = SentenceCutter()
    cutter.feed('He said "wait')
    assert cutter.finish() == ['He said "wait']
    assert cutter.feed("One. Two. Three") == ["One.", "Two."]


TEXT = st.text(alphabet=st.sampled_from("aAb1 .!?,…«»“”„\"'()\n"), max_size=400)


@given(text=TEXT, size=st.integers(1, 7))
def test_the_pieces_in_which_text_comes_do_not_matter(text: str, size: int) -> None:
    cutter = SentenceCutter()
    pieces = [sentence for start in range(0, len(text), size) for sentence in cutter.feed(text[start : start + size])]
    assert pieces + cutter.finish() == cut(text)


@given(text=TEXT)
def test_no_letter_is_lost_or_moved(text: str) -> None:
    letters = [character for character in text if character.isalnum()]
    assert [character for sentence in cut(text) for character in sentence if character.isalnum()] == letters
