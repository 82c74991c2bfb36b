"""Payloads: what a reader accepts, ignores and refuses."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phied_robot import messages
from phied_robot.messages import LlmRequest, MalformedPayloadError, Payload, Strategy, Transcript

PAYLOADS = list(Payload.__subclasses__())


def transcript(**fields: object) -> str:
    return json.dumps({"schema": "phied/transcript/1", "turn_id": "t1", "final": "Why?", **fields})


def test_a_payload_survives_the_way_through_json() -> None:
    sent = Transcript(turn_id="t1", final="Pourquoi ? 植物", stamp=12.5, seq=3, confidence=0.5)
    received = Transcript.from_json(sent.to_json())
    assert received.model_dump(exclude={"schema_"}) == sent.model_dump(exclude={"schema_"})
    assert received.schema_ == "phied/transcript/1"


def test_unknown_keys_are_ignored() -> None:
    assert Transcript.from_json(transcript(mood="sunny")).final == "Why?"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not json", "Invalid JSON"),
        ("[]", "object"),
        (transcript(schema="phied/transcript/2"), "schema 'phied/transcript/2'"),
        (transcript(schema="phied/reply/1"), "instead of 'phied/transcript/1'"),
        (json.dumps({"turn_id": "t1"}), "schema ''"),
        (transcript(turn_id=""), "turn_id"),
        (transcript(turn_id="a b\n"), "turn_id"),
        (transcript(final=7), "final"),
        (transcript(final="x" * 70_000), "final"),
        (transcript(seq=-1), "seq"),
        (transcript(confidence=1.5), "confidence"),
        (transcript().replace('"t1"', '"t1", "stamp": NaN'), "stamp"),
        (transcript().replace('"t1"', '"t1", "stamp": 1e999'), "stamp"),
        (transcript(final="x" * 300_000), "300"),
        ("[" * 100_000, ""),
        ('{"schema": "phied/transcript/1", "turn_id": "t1", "final": "\\ud800"}', ""),
    ],
)
def test_a_malformed_payload_is_refused_in_one_sentence(text: str, said: str) -> None:
    with pytest.raises(MalformedPayloadError) as refusal:
        Transcript.from_json(text)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload.kind)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    fields=st.dictionaries(
        st.sampled_from(sorted({name for kind in PAYLOADS for name in kind.model_fields} | {"schema"})),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=5,
        ),
        max_size=8,
    )
)
def test_whatever_arrives_is_read_or_refused(payload: type[Payload], fields: dict[str, object]) -> None:
    text = json.dumps({"schema": payload.schema_name(), **fields})
    try:
        read = payload.from_json(text)
    except MalformedPayloadError as refusal:
        assert payload.kind in str(refusal)
    else:
        assert payload.from_json(read.to_json()).model_dump() == read.model_dump()


def test_probabilities_must_be_probabilities() -> None:
    with pytest.raises(ValueError, match="probabilities"):
        Strategy(label="scaffolding", probabilities={"scaffolding": 1.2})


def test_a_request_needs_a_message() -> None:
    with pytest.raises(ValueError, match="messages"):
        LlmRequest(request_id="r", adapter="response", messages=[])


def test_every_kind_has_a_name_of_its_own() -> None:
    assert len({kind.schema_name() for kind in PAYLOADS}) == len(PAYLOADS) >= 14
    assert messages.Payload not in PAYLOADS
