"""The GPU kernels, in Triton's interpreter on the CPU, against transformers' own forward pass in float32."""

import importlib
import os
import random
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tiny_phi3
import torch

from phied_robot.language_model.adapters import attach
from phied_robot.language_model.cache import owners
from phied_robot.language_model.cpu import to_float32
from phied_robot.language_model.eager import EagerEngine
from phied_robot.language_model.engines import make_engine
from phied_robot.language_model.forward import ModulesForward
from phied_robot.language_model.four_bit import compute_in, keep_unpacked
from phied_robot.language_model.linear import take_over
from phied_robot.language_model.loading import LoadedModel
from phied_robot.language_model.weights import load_quantized

phi3 = pytest.importorskip("phied_robot.language_model.gpu.phi3", reason="needs triton")
pytestmark = [
    pytest.mark.skipif(os.environ.get("TRITON_INTERPRET") != "1", reason="a GPU is here, which would compile them"),
    pytest.mark.xdist_group("gpu"),
    pytest.mark.timeout(600),
]
ADAPTERS = ("strategy", "response")
CONTEXT, LONGEST = 64, 32


def load(folder: Path, adapters: dict[str, Path]) -> LoadedModel:
    """A 4-bit model whose rounded numbers, if there were any, would be those of float32."""
    model: Any = load_quantized(folder, "cpu")
    keep_unpacked(model)
    compute_in(model, torch.float32)
    for module in model.modules():
        if hasattr(module, "weight") and hasattr(module.weight, "quant_state"):
            module.weight.quant_state.dtype = torch.float32
    model, selection = take_over(attach(model, adapters))
    return LoadedModel(model.eval(), None, "cpu", tuple(adapters), selection, "the processor")


class Pair:
    """The same model in both engines, and the same tokens through both."""

    def __init__(self, folder: Path, adapters: dict[str, Path]) -> None:
        reference, taken = load(folder, adapters), load(folder, adapters)
        to_float32(reference.model)
        self.adapters, self._slots = tuple(adapters), (*adapters, "")
        self._modules = ModulesForward(reference, CONTEXT)
        self._gpu = phi3.Phi3(taken.model.requires_grad_(False), self.adapters, len(self._slots), CONTEXT, LONGEST)
        self.vocabulary = reference.model.config.vocab_size

    def prompt(self, adapter: str, ids: list[int], start: int, length: int) -> float:
        """Compute a piece of a prompt, filled up to a length; the largest difference of a logit comes back."""
        self._request(adapter, start, len(ids) - 1)
        self._gpu.ids[:length] = torch.tensor(ids + [0] * (length - len(ids)))
        with torch.inference_mode():
            expected = self._modules(adapter, torch.tensor(ids), start)[0]
            self._gpu.prompt(length)
        return self._difference(expected)

    def step(self, adapter: str, token: int, start: int) -> float:
        """Compute one token of an answer; the largest difference of a logit comes back."""
        self._request(adapter, start, 0)
        self._gpu.token[0] = token
        with torch.inference_mode():
            expected = self._modules(adapter, torch.tensor([token]), start)[0]
            self._gpu.step()
        assert int(self._gpu.request.numbers[2]) == start + 1
        return self._difference(expected)

    def _request(self, adapter: str, start: int, last: int) -> None:
        number = self.adapters.index(adapter) if adapter else -1
        self._gpu.request.numbers.copy_(torch.tensor([self._slots.index(adapter), number, start, last]))

    def _difference(self, expected: Any) -> float:
        assert float(expected.std()) > 0.5  # else near is not right
        return float((self._gpu.logits - expected).abs().max())


def tokens(pair: Pair, count: int, seed: int) -> list[int]:
    chance = random.Random(seed)
    return [chance.randrange(pair.vocabulary) for _ in range(count)]


def test_prompts_in_pieces_and_the_steps_behind_them_give_the_logits_of_transformers() -> None:
    folder = tiny_phi3.tutor_folder()
    pair = Pair(folder, {name: folder / "adapters" / name for name in ADAPTERS})
    for seed, adapter in enumerate((*ADAPTERS, "")):
        assert pair.prompt(adapter, tokens(pair, 21, seed), 0, 32) < 1e-3
        assert pair.prompt(adapter, tokens(pair, 5, seed + 10), 21, 16) < 1e-3
    for seed, adapter in enumerate((*ADAPTERS, "")):  # each from its own cache
        assert pair.step(adapter, tokens(pair, 1, seed + 20)[0], 26) < 1e-3
    assert pair.step(ADAPTERS[0], 7, 3) < 1e-3, "going back forgets what stood there"


def test_keys_shared_by_heads_a_sliding_window_and_adapters_of_other_ranks(tmp_path: Path) -> None:
    base = tiny_phi3.make_base(tmp_path / "base", hidden=128, layers=1, num_key_value_heads=2, sliding_window=9)
    tiny_phi3.store_nf4(base, tmp_path / "model")
    only = tiny_phi3.make_adapter(tmp_path / "adapter", base, seed=3, targets=["qkv_proj", "down_proj"])
    pair = Pair(tmp_path / "model", {"response": only})
    assert pair.prompt("response", tokens(pair, 24, 1), 0, 32) < 1e-3
    assert pair.prompt("response", tokens(pair, 16, 2), 24, 16) < 1e-3
    assert pair.step("response", 5, 40) < 1e-3
    assert pair.step("", 5, 0) < 1e-3


def test_models_that_the_kernels_do_not_compute_are_told_apart() -> None:
    folder = tiny_phi3.tutor_folder()
    loaded = load(folder, {name: folder / "adapters" / name for name in ADAPTERS})
    assert phi3.why_not(loaded.model) == ""
    config = loaded.model.config
    config.hidden_act = "gelu"
    assert phi3.why_not(loaded.model) == "this kind of Phi-3"
    config.model_type = "llama"
    assert phi3.why_not(loaded.model) == "a model of type llama"


def test_the_plain_base_has_a_cache_only_where_it_may_be_asked() -> None:
    assert owners(ADAPTERS) == ADAPTERS
    assert owners(("response",)) == ("response", "")
    assert owners(()) == ("",)


def test_without_a_gpu_the_eager_engine_says_how_it_computes() -> None:
    folder = tiny_phi3.tutor_folder()
    engine, says = make_engine(load(folder, {name: folder / "adapters" / name for name in ADAPTERS}), CONTEXT)
    assert isinstance(engine, EagerEngine) and says == "the processor"


def test_every_kernel_compiles_for_the_gpus_of_schools(tmp_path: Path) -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "0", "TRITON_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, str(Path(__file__).with_name("compile_kernels.py")), "80", "90"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2 * 9


def test_the_assembly_unpacks_every_pair_of_codes() -> None:
    nf4 = importlib.import_module("phied_robot.language_model.gpu.kernels.nf4")
    rounded = [struct.unpack("<e", struct.pack("<e", number))[0] for number in nf4.NF4]
    for first in range(0, 256, 4):
        pairs = bytes(range(first, first + 4))
        words = run_assembly(nf4.ASSEMBLY.value, int.from_bytes(pairs, "little"))
        unpacked = struct.unpack("<8e", struct.pack("<4I", *words))
        assert unpacked == tuple(rounded[pair >> 4] for pair in pairs) + tuple(rounded[pair & 15] for pair in pairs)


def run_assembly(text: str, word: int) -> list[int]:
    """Run the few PTX instructions that it uses, on one register; the four results come back."""
    registers = {"$4": word}

    def value(name: str) -> int:
        return registers[name] if name in registers else int(name, 0)

    for line in text.strip("{}").split(";"):
        operation, *rest = line.split(maxsplit=1) or [""]
        if operation in ("", ".reg"):
            continue
        target, *sources = (one.strip() for one in rest[0].split(","))
        a, *others = (value(one) for one in sources)
        if operation == "mov.b32":
            result = a
        elif operation == "and.b32":
            result = a & others[0]
        elif operation == "shl.b32":
            result = a << others[0]
        elif operation == "shr.b32":
            result = a >> others[0]
        elif operation == "lop3.b32":
            assert others[2] == 0xCA
            result = a & others[0] | ~a & others[1]
        else:
            assert operation == "prmt.b32"
            result = permuted(a, *others)
        registers[target] = result & 0xFFFFFFFF
    return [registers[f"${number}"] for number in range(4)]


def permuted(a: int, b: int, selector: int) -> int:
    """PTX's prmt: each half byte of the selector picks one of eight bytes, or fills a byte with its sign."""
    source = a.to_bytes(4, "little") + b.to_bytes(4, "little")
    chosen = [(selector >> 4 * place) & 15 for place in range(4)]
    bytes_ = [255 * (source[one & 7] >> 7) if one & 8 else source[one] for one in chosen]
    return int.from_bytes(bytes_, "little")
