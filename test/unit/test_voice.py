"""The voice: made by espeak-ng, shaped, played, and worked off in order."""

import os
import queue
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from phied_robot.expression.personalities import scale
from phied_robot.expression.voice_worker import Utterance, VoiceListener, VoiceWorker
from phied_robot.speech.audio import Audio, Samples, SpeechError, read_wav
from phied_robot.speech.clauses import clause_starts
from phied_robot.speech.outputs import OutputLostError, SilentOutput
from phied_robot.speech.playback import AHEAD_S, Player, loudness_envelope
from phied_robot.speech.synthesis import LANGUAGES, finished, limited, voice_opener

SECONDS = 20.0
SENTENCES = {
    "en": "Plants use sunlight, and their leaves make sugar from it.",
    "fr": "Les plantes utilisent la lumière, et leurs feuilles en font du sucre.",
    "de": "Pflanzen nutzen das Licht, und ihre Blätter machen daraus Zucker.",
}


class Tape(SilentOutput):
    """The silent output, which paces as a device does, keeping what it was given."""

    def __init__(self, lost_after: int | None = None) -> None:
        super().__init__("a tape")
        self.samples: list[Samples] = []
        self.lost_after = lost_after

    @property
    def seconds(self) -> float:
        return sum(map(len, self.samples)) / self.rate

    def write(self, samples: Samples) -> None:
        if self.lost_after is not None and len(self.samples) >= self.lost_after:
            raise OutputLostError("audio device 'tape' failed (unplugged)")
        self.samples.append(samples)
        super().write(samples)


class Speaker:
    """A voice worker on a tape, and what it told."""

    def __init__(self) -> None:
        self.tape = Tape()
        self.told: queue.Queue[tuple[str, str, float]] = queue.Queue()
        listener = VoiceListener(
            started=lambda utterance, *_: self._tell("started", utterance.sentence),
            ended=lambda utterance: self._tell("ended", utterance.sentence),
            finished=lambda turn: self._tell("finished", turn),
            failed=lambda reason: self._tell("failed", reason),
        )
        self.player = Player(opener=lambda _: self.tape)
        self.worker = VoiceWorker(self.player, listener, voice_opener(), "en", scale().at(1.0).voice)
        self.worker.start()

    def _tell(self, what: str, text: str) -> None:
        self.told.put((what, text, time.monotonic()))

    def wait_for(self, what: str) -> tuple[str, float]:
        while True:
            told, text, when = self.told.get(timeout=SECONDS)
            if told == what:
                return text, when


@pytest.fixture
def speaker():
    made = Speaker()
    yield made
    made.worker.close()


def sound(seconds: float, size: float = 0.3, rate: int = 22_050) -> Audio:
    time_axis = np.arange(round(seconds * rate)) / rate
    return Audio((size * np.sin(2 * np.pi * 200 * time_axis)).astype(np.float32), rate)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_voice_that_follows_the_personality(language):
    voice = voice_opener()(language)
    spoken = [voice.speak(SENTENCES[language], scale().at(value).voice) for value in (-1.0, 0.0, 1.0)]
    lengths = [one.audio.duration for one in spoken]
    levels = [float(np.sqrt(np.mean(one.audio.samples**2))) for one in spoken]
    assert lengths == sorted(lengths, reverse=True) and lengths[0] > 1.12 * lengths[2]
    assert 20 * np.log10(levels[2] / levels[0]) > 5
    for one in spoken:
        assert len(one.clauses) == 2
        assert 0 <= one.clauses[0] < 0.05 and 0.3 * one.audio.duration < one.clauses[1] < 0.7 * one.audio.duration


def test_clauses_begin_after_commas_and_at_conjunctions():
    text = "Well, plants need light because they make sugar with it. Why? Think - then say it."
    begins = [text[start:].split()[0] for start in clause_starts(text, "en")]
    assert begins == ["Well,", "plants", "because", "Why?", "Think", "then"]
    assert clause_starts("", "en") == clause_starts("... !", "en") == []


def test_an_unknown_language_or_engine_is_refused_with_what_there_is():
    with pytest.raises(SpeechError, match="en, fr, de"):
        voice_opener()("tlh")
    with pytest.raises(SpeechError, match="pyttsx3, piper"):
        voice_opener("megaphone")


def test_piper_says_what_it_lacks(tmp_path: Path):
    with pytest.raises(SpeechError, match=r"pip install piper-tts|no piper voice en_"):
        voice_opener("piper", tmp_path)("en")


def test_piper_speaks_with_the_personality():
    pytest.importorskip("piper", reason="piper is not installed")
    folder = os.environ.get("PHIED_PIPER_VOICES") or pytest.skip("PHIED_PIPER_VOICES names no folder of voices")
    voice = voice_opener("piper", Path(folder))("en")
    low, high = (voice.speak(SENTENCES["en"], scale().at(value).voice) for value in (-1.0, 1.0))
    assert low.audio.duration > 1.12 * high.audio.duration
    assert len(low.clauses) == 2


def test_peaks_never_reach_full_scale_and_quiet_sound_stays_as_it_is():
    loud = sound(0.5, size=3.0)
    assert np.abs(limited(loud.samples)).max() < 1.0
    quiet = sound(0.5, size=0.5).samples
    assert np.array_equal(limited(quiet), quiet)
    # Bent and not cut: no two neighbours at the same height as in a clipped wave.
    steps = np.diff(limited(sound(0.5, size=1.5).samples))
    assert not np.any((steps[:-1] == 0) & (steps[1:] == 0))


def test_a_sentence_begins_and_ends_without_a_click():
    speech = finished(sound(0.4).samples, 22_050, 0.0, [0.0, 0.1])
    samples = speech.audio.samples
    assert samples[0] == samples[-1] == 0.0
    assert np.abs(samples[:5]).max() < 0.01 and np.abs(samples[-5:]).max() < 0.01
    assert np.abs(np.diff(samples)).max() < 0.03
    assert finished(np.zeros(1000, np.float32), 22_050, 0.0, [0.0]).audio.duration == 0.0


def test_sentences_sound_in_order_with_the_intended_pause(speaker):
    sentences = ["Leaves catch light.", "Roots drink water.", "Stems carry both."]
    for sentence in sentences:
        speaker.worker.say(Utterance("turn", sentence))
    speaker.worker.say(Utterance("turn", last=True))
    moments = [(speaker.wait_for("started"), speaker.wait_for("ended")) for _ in sentences]
    assert [text for started, ended in moments for text in (started[0], ended[0])] == [
        s for s in sentences for _ in "12"
    ]
    assert speaker.wait_for("finished")[0] == "turn"
    gaps = [after[0][1] - before[1][1] for before, after in pairwise(moments)]
    pause = scale().at(1.0).voice.pause
    # At least the pause; a busy machine may add to it, and `phied bench expression --only timing` measures how much.
    assert all(pause <= gap + 0.005 for gap in gaps)


def test_no_pause_parts_a_clause_from_the_rest_of_its_sentence(speaker):
    speaker.worker._settings = replace(speaker.worker._settings, pause=1000.0)
    for text in ("When the sun shines,", "leaves make food."):
        speaker.worker.say(Utterance("turn", text))
    assert [speaker.wait_for("started")[0] for _ in "12"] == ["When the sun shines,", "leaves make food."]


def test_the_next_sentence_is_made_while_one_sounds(speaker):
    made: list[float] = []
    voice = voice_opener()("en")

    class Watched:
        language = "en"

        def speak(self, text, settings):
            made.append(time.monotonic())
            return voice.speak(text, settings)

    speaker.worker._open_voice = lambda _: Watched()
    for number in range(3):
        speaker.worker.say(Utterance("turn", f"This is sentence number {number}, and it takes a while."))
    _, ended = speaker.wait_for("ended")
    assert len(made) == 3 and max(made) < ended


def test_what_is_cancelled_falls_silent_and_is_forgotten(speaker):
    for number in range(4):
        speaker.worker.say(
            Utterance("turn", f"A long sentence, number {number}, that nobody wants to hear to its end.")
        )
    speaker.wait_for("started")
    speaker.worker.cancel()
    assert "number 0" in speaker.wait_for("ended")[0]
    cut = speaker.tape.seconds
    speaker.worker.say(Utterance("next", "Yes?"))
    # Within 100 ms, says `phied bench expression --only stops`; here, that it is cut at all and that no other follows.
    assert speaker.wait_for("started")[0] == "Yes?" and cut < 4.0


def test_a_device_that_vanishes_hands_the_sentence_over_and_says_so():
    first, second = Tape(lost_after=10), Tape()
    outputs = iter([first, second])
    player = Player(opener=lambda _: next(outputs))
    audio = sound(0.6)
    started: list[float] = []
    assert player.play(audio, on_start=lambda: started.append(time.monotonic()))
    assert len(started) == 1
    assert len(first.samples) == 10
    assert np.array_equal(np.concatenate(first.samples + second.samples), audio.samples)
    assert "unplugged" in player.fault and "a tape" in player.fault


def test_without_another_device_the_sentence_goes_on_in_silence():
    devices = iter([Tape(lost_after=3)])

    def opener(name: str) -> Tape:
        try:
            return next(devices)
        except StopIteration:
            raise SpeechError("there is no default output device") from None

    player = Player(opener=opener)
    began = time.monotonic()
    assert player.play(sound(0.4))
    assert time.monotonic() - began > 0.35
    assert "no sound" in player.fault


def test_loudness_is_told_as_far_ahead_as_motion_needs():
    audio = Audio(np.concatenate([np.zeros(4410, np.float32), sound(0.3).samples]), 22_050)
    tape = Tape()
    player = Player(opener=lambda _: tape)
    told: list[float] = []
    assert player.play(audio, cancelled=lambda: told.append(player.loudness()) or False)
    first_loud = next(number for number, value in enumerate(told) if value > 0.3)
    assert first_loud * 0.02 == pytest.approx(0.2 - AHEAD_S + 0.02, abs=0.021)
    assert player.loudness() == 0.0
    assert loudness_envelope(audio).max() <= 1.0


def test_kept_sentences_are_the_sound_that_was_played(tmp_path: Path):
    player = Player(keep=tmp_path, opener=lambda _: Tape())
    audio = sound(0.1)
    player.play(audio)
    assert np.abs(read_wav(tmp_path / "sentence-0001.wav").samples - audio.samples).max() < 1e-3
