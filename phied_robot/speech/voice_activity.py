"""Where in a stream of sound somebody speaks: Silero's network, with hysteresis around it."""

import importlib.util
from collections import deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from phied_robot.speech.audio import SPEECH_RATE, Audio, Samples, SpeechError

FRAME = 512
FRAME_S = FRAME / SPEECH_RATE
CONTEXT = 64
ONSET, RELEASE = 0.5, 0.35  # Silero's own defaults: the threshold, and 0.15 below it
PADDING_S = 0.2
SHORTEST_SPEECH_S = 0.25
LONGEST_UTTERANCE_S = 20.0


@dataclass(frozen=True)
class Segment:
    """An utterance: its start and end in seconds since the stream began, and its sound at 16 kHz."""

    start_s: float
    end_s: float
    audio: Audio


class SileroNetwork:
    """The probability of speech for one frame after another.

    The model file of the silero-vad wheel runs in onnxruntime: importing the package itself would load torch
    (1.4 s and 227 MB instead of 0.2 s and 56 MB).
    """

    def __init__(self) -> None:
        """Load the network.

        Raises:
            SpeechError: silero-vad or onnxruntime is not installed.
        """
        package = importlib.util.find_spec("silero_vad")
        if package is None or not package.submodule_search_locations:
            raise SpeechError("voice activity needs silero-vad; install it with: pip install silero-vad")
        try:
            import onnxruntime  # type: ignore[import-untyped]
        except ImportError as error:
            raise SpeechError("voice activity needs onnxruntime; install it with: pip install onnxruntime") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        model = Path(package.submodule_search_locations[0]) / "data" / "silero_vad_16k_op15.onnx"
        self._session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._state = np.zeros((2, 1, 128), np.float32)
        self._context = np.zeros(CONTEXT, np.float32)

    def probability(self, frame: Samples) -> float:
        """Probability in 0..1 that `frame`, float32 of shape (512,) at 16 kHz, holds speech."""
        window = np.concatenate([self._context, frame])
        inputs = {"input": window[None], "state": self._state, "sr": np.array(SPEECH_RATE, np.int64)}
        output, self._state = self._session.run(None, inputs)
        self._context = window[-CONTEXT:]
        return float(output[0, 0])


class VoiceActivity:
    """Cuts a stream of frames into utterances.

    An utterance begins where the probability of speech reaches ONSET and ends after `hangover_s` seconds below
    RELEASE, or when it is LONGEST_UTTERANCE_S long. Less than SHORTEST_SPEECH_S of speech is no utterance.
    PADDING_S before its first and after its last sound belong to it.
    """

    def __init__(self, hangover_s: float = 0.6) -> None:
        """Load the network (SpeechError as SileroNetwork)."""
        self._network = SileroNetwork()
        self._hangover = max(1, round(hangover_s / FRAME_S))
        self._padding = round(PADDING_S / FRAME_S)
        self._longest = round(LONGEST_UTTERANCE_S / FRAME_S)
        self._heard = 0
        self._hearing = False
        self._frames: deque[Samples] = deque(maxlen=self._padding + 1)
        self._speech_frames = self._silent_frames = 0

    def reset(self) -> None:
        """Forget what was heard; time starts at 0 again."""
        self._network.reset()
        self._heard = 0
        self._begin_silence()

    @property
    def hearing(self) -> bool:
        """Whether somebody speaks now."""
        return self._hearing

    def feed(self, frame: Samples) -> Segment | None:
        """Take the next frame, float32 of shape (512,) at 16 kHz; the utterance that ended with it, if one did."""
        probability = self._network.probability(frame)
        self._heard += 1
        self._frames.append(frame)
        if not self._hearing:
            if probability < ONSET:
                return None
            self._hearing = True
            self._frames = deque(self._frames, maxlen=self._longest)
        if probability >= RELEASE:
            self._speech_frames += 1
            self._silent_frames = 0
        else:
            self._silent_frames += 1
        if self._silent_frames >= self._hangover or len(self._frames) >= self._longest:
            return self._end_utterance()
        return None

    def finish(self) -> Segment | None:
        """The utterance that the end of the stream cuts off, if there is one."""
        return self._end_utterance() if self._hearing else None

    def _end_utterance(self) -> Segment | None:
        beyond_padding = max(0, self._silent_frames - self._padding)
        frames = list(self._frames)[: len(self._frames) - beyond_padding]
        start = self._heard - len(self._frames)
        long_enough = self._speech_frames * FRAME_S >= SHORTEST_SPEECH_S
        self._begin_silence()
        if not long_enough:
            return None
        audio = Audio(np.concatenate(frames), SPEECH_RATE)
        return Segment(start * FRAME_S, (start + len(frames)) * FRAME_S, audio)

    def _begin_silence(self) -> None:
        self._hearing = False
        self._frames = deque(maxlen=self._padding + 1)
        self._speech_frames = self._silent_frames = 0
