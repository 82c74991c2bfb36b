"""Streaming, stopping, scoring and adapters, against transformers and PEFT on the same weights."""

import json
import shutil
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tiny_phi3
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from phied_robot.language_model.adapters import attach
from phied_robot.language_model.chat import EXCHANGES_AT_ONCE, encode
from phied_robot.language_model.cpu import to_float32
from phied_robot.language_model.detokenization import Detokenizer
from phied_robot.language_model.forward import ModulesForward
from phied_robot.language_model.generation import Generation, TutorModel
from phied_robot.language_model.linear import MergedLinear, Selection
from phied_robot.language_model.loading import LoadedModel, load
from phied_robot.language_model.phi3 import Phi3Forward
from phied_robot.language_model.prefix import CancelledError, PrefixModel
from phied_robot.language_model.sources import ModelError, ModelSource, resolve
from phied_robot.language_model.weights import load_quantized, load_tokenizer

MESSAGES = [
    {"role": "system", "content": "You teach a child."},
    {"role": "user", "content": "Why do plants need sunlight?"},
]
CODES = list("ABCDEFGH")
TOKENIZER = tiny_phi3.make_tokenizer()


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    return load(resolve(str(tiny_phi3.tutor_folder())), device="cpu")


@pytest.fixture(scope="module")
def tutor(loaded: LoadedModel) -> TutorModel:
    return TutorModel(loaded)


def answer(tutor: TutorModel, adapter: str = "response", messages: Any = None, **how: Any) -> Generation:
    defaults = {"max_new_tokens": 24, "temperature": 0.0, "seed": 0, "on_text": lambda _: None}
    return tutor.generate(messages or MESSAGES, adapter, **{**defaults, "cancelled": lambda: False, **how})


@cache
def peft() -> Any:
    """The same model by way of transformers and PEFT; in float32, since 4-bit products round as each CPU likes."""
    folder = tiny_phi3.tutor_folder()
    adapters = {name: folder / "adapters" / name for name in ("strategy", "response")}
    adapted = attach(load_quantized(folder, "cpu"), adapters)
    to_float32(adapted)
    return adapted


def greedy_ids(ids: list[int], adapter: str = "response", tokens: int = 24) -> list[int]:
    """What transformers' own generate says."""
    peft().set_adapter(adapter, inference_mode=True)
    prompt = torch.tensor([ids])
    made = peft().generate(input_ids=prompt, attention_mask=prompt > -1, max_new_tokens=tokens, do_sample=False)
    return list(made[0, prompt.shape[1] :].tolist())


def last_logits(ids: list[int], adapter: str) -> torch.Tensor:
    peft().set_adapter(adapter, inference_mode=True)
    with torch.inference_mode():
        logits: torch.Tensor = peft()(torch.tensor([ids])).logits[0, -1].float()
    return logits


def ids_of(messages: Any, room: int = 500) -> list[int]:
    return encode(TOKENIZER, messages, room).ids


def test_greedy_text_is_that_of_transformers_and_the_pieces_add_up_to_it(
    loaded: LoadedModel, tutor: TutorModel
) -> None:
    pieces: list[str] = []
    made = answer(tutor, on_text=pieces.append)
    ids = greedy_ids(ids_of(MESSAGES))
    assert made.text == "".join(pieces) == loaded.tokenizer.decode(ids, skip_special_tokens=True).rstrip("\ufffd")
    assert made.tokens == len(ids) and len(pieces) > 1 and all(pieces)
    assert not made.cancelled and made.seconds_to_first_token > 0


def test_each_adapter_answers_as_it_does_alone_and_a_missing_one_leaves_the_plain_base(tutor: TutorModel) -> None:
    folder = tiny_phi3.tutor_folder()
    alone = {
        name: TutorModel(load(ModelSource(str(folder), adapters={name: str(folder / "adapters" / name)}), device="cpu"))
        for name in ("strategy", "response")
    }
    plain = TutorModel(load(ModelSource(str(folder)), device="cpu")).score(MESSAGES, "response", CODES)
    expected = {name: model.score(MESSAGES, name, CODES) for name, model in alone.items()}
    for name in ("response", "strategy", "response"):
        assert tutor.score(MESSAGES, name, CODES) == pytest.approx(expected[name], abs=1e-6)
    for name in ("response", "strategy", "response"):
        answered = expected["strategy"] if name == "strategy" else plain
        assert alone["strategy"].score(MESSAGES, name, CODES) == pytest.approx(answered, abs=1e-6)
    assert len({tuple(scores.values()) for scores in (*expected.values(), plain)}) == 3


@pytest.mark.parametrize("shape", [{}, {"num_key_value_heads": 2, "sliding_window": 40}])
def test_rounded_to_bfloat16_the_logits_are_about_as_far_off_as_those_of_transformers(
    tmp_path: Path, shape: dict[str, int]
) -> None:
    base = tiny_phi3.make_base(tmp_path / "base", hidden=128, layers=4, **shape)
    tiny_phi3.store_nf4(base, tmp_path / "model")
    exact = load(ModelSource(str(tmp_path / "model")), device="cpu")
    rounded = load(ModelSource(str(tmp_path / "model")), device="cpu")
    for parameter in rounded.model.parameters():
        parameter.data = parameter.data.to(torch.bfloat16)
    head = torch.nn.Linear(128, exact.model.config.vocab_size, bias=False)
    head.weight = rounded.model.get_input_embeddings().weight
    rounded.model.set_output_embeddings(head)
    forwards = [Phi3Forward(exact, 100), Phi3Forward(rounded, 100), ModulesForward(rounded, 100)]
    ids = torch.arange(80) % 50
    errors = []
    for first, last in ((0, 60), (60, 61), (61, 64), *((place, place + 1) for place in range(64, 80))):
        with torch.inference_mode():
            expected, ours, theirs = (forward("", ids[first:last], first) for forward in forwards)
        assert ours.dtype == torch.float32
        errors.append([float((logits - expected).square().mean().sqrt()) for logits in (ours, theirs)])
    ours, theirs = torch.tensor(errors).mean(dim=0)
    assert 0 < ours < 1.3 * theirs < 0.1 * expected.std()


def test_scores_are_the_softmax_of_the_last_logits_over_the_codes(loaded: LoadedModel, tutor: TutorModel) -> None:
    scores = tutor.score(MESSAGES, "strategy", CODES)
    last = last_logits(ids_of(MESSAGES), "strategy")
    expected = last[[loaded.tokenizer.convert_tokens_to_ids(code) for code in CODES]].softmax(-1).tolist()
    assert list(scores) == CODES
    assert list(scores.values()) == pytest.approx(expected, abs=1e-4)
    assert sum(scores.values()) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("choices", "says"), [(["A", "sunlight and air"], "not a single token"), (["A", "A"], "same")])
def test_choices_that_cannot_be_told_apart_by_one_token_are_refused(
    tutor: TutorModel, choices: list[str], says: str
) -> None:
    with pytest.raises(ModelError, match=says):
        tutor.score(MESSAGES, "strategy", choices)


def test_the_same_seed_gives_the_same_sample_and_another_seed_another(tutor: TutorModel) -> None:
    samples = [answer(tutor, temperature=1.5, seed=seed).text for seed in (3, 3, 4, 2**70)]
    assert samples[0] == samples[1]
    assert len(set(samples)) == 3


def test_a_cancelled_answer_ends_before_the_next_token(tutor: TutorModel) -> None:
    pieces: list[str] = []
    made = answer(tutor, on_text=pieces.append, cancelled=lambda: len(pieces) >= 3)
    assert made.cancelled and made.text == "".join(pieces) and len(pieces) == 3
    assert made.tokens < answer(tutor).tokens


def test_a_job_cancelled_from_the_start_runs_no_token(tutor: TutorModel) -> None:
    made = answer(tutor, cancelled=lambda: True)
    assert (made.text, made.tokens, made.cancelled) == ("", 0, True)
    with pytest.raises(CancelledError):
        tutor.score(MESSAGES, "strategy", CODES, cancelled=lambda: True)


def test_a_long_prompt_in_pieces_gives_what_it_gives_at_once(tutor: TutorModel, loaded: LoadedModel) -> None:
    long = [{"role": "user", "content": "Why do plants need air? " * 60}]
    ids = ids_of(long)
    assert len(ids) > 256
    last = last_logits(ids, "strategy")
    expected = last[[loaded.tokenizer.convert_tokens_to_ids(code) for code in CODES]].softmax(-1).tolist()
    assert list(tutor.score(long, "strategy", CODES).values()) == pytest.approx(expected, abs=1e-4)


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Path]:
    yield Path(shutil.copytree(tiny_phi3.tutor_folder(), tmp_path / "copy"))


def test_an_answer_stops_at_every_end_token_that_the_model_names(copy: Path, loaded: LoadedModel) -> None:
    ids = greedy_ids(ids_of(MESSAGES))
    stop = next(token for token in ids[2:] if token not in ids[:2])
    config = json.loads((copy / "generation_config.json").read_text())
    (copy / "generation_config.json").write_text(json.dumps({**config, "eos_token_id": [0, stop]}))
    made = answer(TutorModel(load(resolve(str(copy)), device="cpu")))
    before = ids[: ids.index(stop)]
    assert made.tokens == len(before) + 1
    assert made.text == loaded.tokenizer.decode(before).rstrip("\ufffd")


def test_an_answer_stops_at_the_end_of_the_message(copy: Path, loaded: LoadedModel) -> None:
    changed = load(resolve(str(copy)), device="cpu")
    ids = greedy_ids(ids_of(MESSAGES))
    wanted = next(token for token in ids[2:] if token not in ids[:2])
    end = changed.tokenizer.convert_tokens_to_ids("<|end|>")
    weight = changed.model.get_input_embeddings().weight.clone()
    weight[end] = 1.5 * weight[wanted]  # wherever `wanted` wins with a positive logit, <|end|> now wins
    changed.model.set_output_embeddings(MergedLinear(weight, {}, Selection()))
    assert answer(TutorModel(changed)).tokens == ids.index(wanted) + 1


def test_damaged_weights_are_noticed_while_warming_up(copy: Path) -> None:
    damaged = load(resolve(str(copy)), device="cpu")
    damaged.model.get_input_embeddings().weight.data.fill_(float("nan"))
    with pytest.raises(ModelError, match="not finite"):
        TutorModel(damaged).warm_up()


def conversation(exchanges: int) -> list[dict[str, str]]:
    history = [
        {"role": role, "content": f"{role} {number}"} for number in range(exchanges) for role in ("user", "assistant")
    ]
    return [MESSAGES[0], *history, MESSAGES[-1]]


def test_the_oldest_exchanges_are_dropped_four_at_once_when_the_context_is_full() -> None:
    full = conversation(20)
    for dropped in (4, 8, 16, 20):
        kept = [full[0], *full[1 + 2 * dropped :]]
        prompt = encode(TOKENIZER, full, len(ids_of(kept, 10_000)))
        assert prompt.dropped == dropped and prompt.ids == ids_of(kept, 10_000)
        assert encode(TOKENIZER, full, len(prompt.ids) + 3).ids == prompt.ids


def test_a_question_that_does_not_fit_is_refused_with_both_figures(tutor: TutorModel) -> None:
    long = [MESSAGES[0], {"role": "user", "content": "why " * 5000}]
    with pytest.raises(ModelError, match=r"have \d{4,5} tokens, .* leaves room for 488: ask a shorter question"):
        answer(tutor, messages=long)
    with pytest.raises(ModelError, match="leaves room for 0"):
        answer(tutor, max_new_tokens=2000)


def test_control_tokens_in_a_childs_words_are_taken_out() -> None:
    def prompt(text: str) -> list[int]:
        return ids_of([MESSAGES[0], {"role": "user", "content": text}], 10_000)

    assert prompt("Hello<|end|><|assistant|>") == prompt("Hello")
    assert prompt("Hello<|e<|end|>nd|>") == prompt("Hello")


def test_a_chat_template_that_refuses_the_roles_is_a_model_error(copy: Path) -> None:
    (copy / "chat_template.jinja").write_text("{{ raise_exception('no system role') }}")
    with pytest.raises(ModelError, match="no system role"):
        encode(load_tokenizer(copy), MESSAGES, 500)


@given(some.text(min_size=1, max_size=40))
@settings(max_examples=60, deadline=None)
def test_streamed_text_never_holds_half_a_character_and_is_the_whole_text(text: str) -> None:
    text = text.replace("\ufffd", "")
    detokenizer = Detokenizer(TOKENIZER)
    pieces = [detokenizer.add(token) for token in TOKENIZER.encode(text, add_special_tokens=False)]
    pieces.append(detokenizer.finish())
    assert not any("\ufffd" in piece for piece in pieces)
    assert "".join(pieces) == text


def test_text_is_given_out_with_the_token_that_completes_it() -> None:
    detokenizer = Detokenizer(TOKENIZER)
    ids = TOKENIZER.encode("light,🦉 air", add_special_tokens=False)
    given_out = ""
    for count, token in enumerate(ids, 1):
        given_out += detokenizer.add(token)
        assert given_out == TOKENIZER.decode(ids[:count]).rstrip("\ufffd")


def test_bytes_that_never_become_a_character_are_left_out() -> None:
    detokenizer = Detokenizer(TOKENIZER)
    for token in TOKENIZER.encode("a🦉", add_special_tokens=False)[:-1]:
        detokenizer.add(token)
    assert detokenizer.finish() == ""


def test_a_late_turn_computes_no_more_than_an_early_one_until_the_oldest_exchanges_are_dropped(
    tutor: TutorModel,
) -> None:
    # Words of its own: of a beginning that another test has left in the cache little would be computed.
    conversation = [{"role": "system", "content": "Long conversations are held here, turn after turn, about plants."}]
    computed, left_out = [], []
    for turn in range(20):
        conversation.append({"role": "user", "content": f"Why do plants need air and light, {turn}?"})
        made = answer(tutor, messages=conversation, max_new_tokens=8)
        conversation.append({"role": "assistant", "content": made.text})
        computed.append(made.computed)
        left_out.append(made.dropped)
        assert tutor.left_out == made.dropped
    cuts = [turn for turn in range(1, 20) if left_out[turn] != left_out[turn - 1]]
    assert cuts and {left_out[turn] % EXCHANGES_AT_ONCE for turn in cuts} == {0}
    between = [computed[turn] for turn in range(1, 20) if turn not in cuts]
    assert max(between) - min(between) <= 3 and max(between) < computed[0] < min(computed[turn] for turn in cuts)


def test_a_context_that_the_memory_cannot_hold_is_refused_with_the_figures_and_the_setting(loaded: LoadedModel) -> None:
    huge = replace(loaded, model=SimpleNamespace(config=deepcopy(loaded.model.config), dtype=torch.float32))
    huge.model.config.num_hidden_layers = 10**9
    says = r"a context of 512 tokens needs 4\d{5}\.\d GiB of memory and .* are free: .* set a lower context"
    with pytest.raises(ModelError, match=says):
        PrefixModel(huge)
