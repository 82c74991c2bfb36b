import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest
from training_data import shared, write_lines

from phied_robot.pedagogy.activities import parse_quiz
from phied_robot.training.data.chat import chat_messages
from phied_robot.training.data.examples import DataError, Example
from phied_robot.training.data.importers import IMPORTERS
from phied_robot.training.data.importers.mathdial import strategy_of

BRIDGE = {
    "c_id": "77_3",
    "lesson_topic": "3.4A.Sharing Cakes",
    "c_h": [
        {"id": 1, "text": "Ready [STUDENT]?", "time": "1:00", "user": "tutor"},
        {"id": 2, "text": "How many?", "time": "1:02", "user": "tutor"},
        {"id": 3, "text": "seven", "time": "1:09", "user": "student"},
    ],
    "c_r": [],
    "c_r_": [{"user": "tutor", "text": "Close!"}, {"user": "tutor", "text": "Count again."}],
    "e": "guess",
    "z_what": "provide_hint",
    "z_why": "",
}
CIMA = {
    "past_convo": ["Please fill in the blank.", "il topo?"],
    "img": '"pictures/mouse_on_cheese.png"',
    "prep": "e sul",
    "engPrep": "is on the",
    "obj": "formaggio",
    "engObj": "cheese",
    "color": "nero",
    "engColor": "black",
    "grammarRules": '[["Colours come last.", ""]], "summ": ""}',
    "tutorResponses": ["What is cheese?", "Cheese is formaggio.", "Think of a dairy.", "No, not quite.", "Well."],
    "tutorActions": [
        [True, False, False, False, False],
        [False, True, False, False, False],
        [False, True, False, False, False],
        [True, True, True, False, False],
        [False, False, False, False, True],
    ],
}
MATHDIAL = {
    "qid": 5,
    "question": "Two cats have three toys each. How many toys?",
    "ground_truth": "2 * 3 = 6",
    "student_profile": "Ada is careless.",
    "conversation": "Teacher: (generic)Hello, how did you do it?|EOM|Ada: I added: 2 + 3 = 5|EOM|"
    "Teacher: (focus)How many toys has one cat?|EOM|Ada: Three|EOM|Teacher: (telling)That was wrong, it is 6.",
}
GSM8K = {
    "question": "Two cats have three toys each. How many toys?",
    "answer": "How many toys has one cat? ** One has <<3=3>>3.\nHow many have both? ** They have 2*3=<<6>>6.\n#### 6",
}


def imported(format_name: str, path: Path) -> list[Example]:
    return IMPORTERS[format_name](path)


def choices(examples: list[Example]) -> list[str]:
    return [example.output for example in examples if example.task == "strategy"]


def test_bridge(tmp_path: Path) -> None:
    other = {**BRIDGE, "z_what": "Waved goodbye", "c_r_": [{"user": "tutor", "text": "Bye."}]}
    (tmp_path / "train.json").write_text(json.dumps([BRIDGE]))
    (tmp_path / "test.json").write_text(json.dumps([other]))
    bye, _, hint, answer = imported("bridge", tmp_path)
    assert (hint.strategy, bye.strategy) == ("scaffolding", "redirection")
    assert hint.accepted_labels == bye.accepted_labels == {"scaffolding", "redirection"}
    assert hint.input == "Lesson: Sharing Cakes\nTutor: Ready? How many?\nStudent: seven"
    assert answer.output == "Close! Count again."
    assert (hint.conversation_id, hint.age_group) == ("77", "late elementary")


def test_cima(tmp_path: Path) -> None:
    file = tmp_path / "dataset.json"
    file.write_text(json.dumps({"prepDataset": {"0": CIMA}, "shapeDataset": {}}))
    examples = imported("cima", file)
    assert choices(examples) == [
        "socratic_questioning",
        "direct_instruction",
        "scaffolding",
        "corrective_feedback",
        "redirection",
    ]
    assert examples[0].accepted_labels == set(choices(examples))
    assert 'Note: "cheese" is "formaggio".\n' in examples[0].input
    assert "Note: Colours come last.\n" in examples[0].input
    assert {example.conversation_id for example in examples} == {"mouse_on_cheese"}


def test_mathdial(tmp_path: Path) -> None:
    examples = imported("mathdial", write_lines(tmp_path / "train.jsonl", MATHDIAL))
    assert choices(examples) == ["scaffolding", "corrective_feedback"]
    assert examples[1].output == "How many toys has one cat?"
    assert examples[2].input.endswith("Student: I added: 2 + 3 = 5\nTutor: How many toys has one cat?\nStudent: Three")
    assert "Note: Solution: 2 * 3 = 6" in examples[0].input


@pytest.mark.parametrize(
    ("move", "text", "label"),
    [
        ("probing", "Why is that?", "socratic_questioning"),
        ("focus", "Look at the toys.", "scaffolding"),
        ("telling", "You take two from five.", "direct_instruction"),
        ("telling", "There is a mistake in the sum.", "corrective_feedback"),
        ("generic", "Well done, that's right!", "confirmation"),
        ("generic", "That is not correct. Keep going!", "encouragement"),
        ("generic", "Hello there.", "redirection"),
    ],
)
def test_the_words_decide_what_a_wide_move_of_mathdial_is(move: str, text: str, label: str) -> None:
    assert strategy_of(move, text) == label


def test_gsm8k_socratic(tmp_path: Path) -> None:
    first, second = imported("gsm8k-socratic", write_lines(tmp_path / "test_socratic.jsonl", GSM8K))
    assert first.input == f"Lesson: Word problems\nStudent: {GSM8K['question']}"
    assert second.input.endswith("Tutor: How many toys has one cat?\nStudent: One has 3.")
    assert (first.output, second.output) == ("How many toys has one cat?", "How many have both?")
    assert first.conversation_id == second.conversation_id


def test_fairytaleqa(tmp_path: Path) -> None:
    (tmp_path / "section-stories").mkdir()
    (tmp_path / "questions").mkdir()
    (tmp_path / "section-stories" / "the-hen-story.csv").write_text(
        'section,text\n1,"A hen found\na grain of wheat. She asked the pig, the cat and the rat."\n'
    )
    rows = [
        "1,local,1,x,,What did the hen find?,explicit,a grain of wheat",
        "2,local,1,x,,Who found it?,explicit,a hen",
        "3,local,1,x,,Whom did she ask last?,explicit,the rat",
        "4,local,1,x,,Why?,implicit,She was busy",
    ]
    header = "question_id,local-or-sum,cor_section,attribute1,attribute2,question,ex-or-im1,answer1"
    (tmp_path / "questions" / "the-hen-questions.csv").write_text("\n".join([header, *rows]))
    grounded, quiz = imported("fairytaleqa", tmp_path)
    assert grounded.output == "a grain of wheat"
    assert "Note: A hen found a grain of wheat. She asked" in grounded.input
    assert [one.answer for one in parse_quiz(quiz.output)] == ["a grain of wheat", "a hen", "the rat"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_of_any_spreadsheet(tmp_path: Path, delimiter: str) -> None:
    file = tmp_path / "mine.csv"
    rows = [["instruction", "output", "task", "strategy", "accepted"], ["Choose.", "confirmation", "strategy"]]
    rows[1] += ["confirmation", "confirmation encouragement"]
    file.write_text("\ufeff" + "\n".join(delimiter.join(row) for row in rows) + "\n", encoding="utf-8")
    (example,) = imported("csv", file)
    assert example.accepted_labels == {"confirmation", "encouragement"}


def test_a_csv_row_that_breaks_the_format_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("instruction,output,task\nTell.,Yes.,dialogue\nTell.,Yes.,poem\nTell.,Yes.,story,and more\n")
    with pytest.raises(DataError) as error:
        imported("csv", file)
    first, second = str(error.value).splitlines()
    assert first.startswith(f"{file}:3: task is 'poem'")
    assert second.startswith(f"{file}:4: unknown key 'a cell without a column'")


@pytest.mark.parametrize("format_name", IMPORTERS)
def test_another_file_is_refused_in_a_sentence(tmp_path: Path, format_name: str) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"some": "thing"}')
    with pytest.raises(DataError, match=r"other\.json"):
        imported(format_name, file)
    with pytest.raises(DataError, match="nowhere"):
        imported(format_name, tmp_path / "nowhere")


def test_broken_json_is_named_with_line_and_column(tmp_path: Path) -> None:
    (tmp_path / "train.json").write_text('[\n{"c_id": nothing}\n]')
    with pytest.raises(DataError, match=r"train\.json:2:10: broken JSON"):
        imported("bridge", tmp_path / "train.json")
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps(MATHDIAL) + '\n{"qid": \n')
    with pytest.raises(DataError, match=r"a\.jsonl:2:9: broken JSON"):
        imported("mathdial", file)


def test_an_unknown_move_is_named(tmp_path: Path) -> None:
    file = write_lines(tmp_path / "a.jsonl", {**MATHDIAL, "conversation": "Ada: Hm.|EOM|Teacher: (shouting)No!"})
    with pytest.raises(DataError, match=r"a\.jsonl:1: .*shouting.* none of generic, focus, probing, telling"):
        imported("mathdial", file)


@pytest.mark.parametrize(
    ("format_name", "folder", "tasks"),
    [
        ("bridge", "bridge", {"strategy": 700, "dialogue": 700}),
        ("cima", "cima", {"strategy": 3315, "dialogue": 3315}),
        ("fairytaleqa", "fairytaleqa", {"dialogue": 3567, "questions": 606}),
        ("gsm8k-socratic", "gsm8k_socratic", {"dialogue": 4821}),
    ],
)
def test_the_published_files_are_imported_whole(format_name: str, folder: str, tasks: dict[str, int]) -> None:
    examples = imported(format_name, shared(folder))
    assert Counter(example.task for example in examples) == tasks
    for example in examples:
        prompt, completion = chat_messages(example)
        assert completion
        assert all(one["role"] != other["role"] for one, other in pairwise(prompt))
