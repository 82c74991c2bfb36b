"""llama.cpp's Q4_0 as a side of `phied bench llm`.

A program of its own, run by the Python of an environment that has llama-cpp-python and gguf, which serve this bench
alone. From its standard input it reads, as JSON, "shape" (as in `random_model.SHAPES`), "threads", "prompt" and
"tokens" (how many of each), "repeats" and "folder" (to write to). It prints the seconds of a prompt and the rate of
decoding. No adapter is loaded: with one it would be slower.
"""

import ctypes
import json
import random
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import gguf
import llama_cpp
import numpy as np

WEIGHTS, BYTES = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType.Q4_0]
"""Of a block."""
SCALE = 0.0025
"""Of every block: 4 bits of it give weights with the spread of a model's, so that nothing overflows."""
SILENT = llama_cpp.llama_log_callback(lambda *_: None)


def write_model(path: Path, shape: dict[str, Any]) -> None:
    """Write random weights of a Phi-3 in Q4_0; one layer is drawn, and all are copies of it."""
    hidden, inner, vocabulary = shape["hidden_size"], shape["intermediate_size"], shape["vocab_size"]
    layers, heads, context = shape["num_hidden_layers"], shape["num_attention_heads"], shape["max_position_embeddings"]
    writer = gguf.GGUFWriter(path, "phi3")
    writer.add_context_length(context)
    writer.add_rope_scaling_orig_ctx_len(context)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(inner)
    writer.add_block_count(layers)
    writer.add_head_count(heads)
    writer.add_head_count_kv(shape["num_key_value_heads"])
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(hidden // heads)
    writer.add_rope_freq_base(10_000.0)
    writer.add_tokenizer_model("none")
    writer.add_vocab_size(vocabulary)
    generator = np.random.default_rng(0)

    def matrix(outputs: int, inputs: int) -> Any:
        drawn = generator.integers(0, 256, (outputs, inputs // WEIGHTS, BYTES), dtype=np.uint8)
        drawn[:, :, :2] = np.frombuffer(np.float16(SCALE).tobytes(), dtype=np.uint8)
        return drawn.reshape(outputs, -1)

    norm = np.ones(hidden, dtype=np.float32)
    layer = {
        "attn_norm": norm,
        "attn_qkv": matrix(3 * hidden, hidden),
        "attn_output": matrix(hidden, hidden),
        "ffn_norm": norm,
        "ffn_up": matrix(2 * inner, hidden),
        "ffn_down": matrix(hidden, inner),
    }
    whole = {"token_embd": matrix(vocabulary, hidden), "output_norm": norm, "output": matrix(vocabulary, hidden)}
    whole |= {f"blk.{number}.{name}": tensor for number in range(layers) for name, tensor in layer.items()}
    for name, tensor in whole.items():
        packed = gguf.GGMLQuantizationType.Q4_0 if tensor.dtype == np.uint8 else None
        writer.add_tensor(f"{name}.weight", tensor, raw_dtype=packed)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


class Model:
    """A model in llama.cpp and one context."""

    def __init__(self, path: Path, threads: int, context: int) -> None:
        """Load it into memory."""
        llama_cpp.llama_log_set(SILENT, ctypes.c_void_p(0))
        llama_cpp.llama_backend_init()
        self._model = llama_cpp.llama_model_load_from_file(str(path).encode(), llama_cpp.llama_model_default_params())
        settings = llama_cpp.llama_context_default_params()
        settings.n_ctx = settings.n_batch = context
        settings.n_threads = settings.n_threads_batch = threads
        self._context = llama_cpp.llama_init_from_model(self._model, settings)
        if not self._context:
            raise RuntimeError("llama.cpp cannot load the model")

    def compute(self, ids: list[int]) -> None:
        """Compute tokens behind those that were computed before."""
        tokens = (llama_cpp.llama_token * len(ids))(*ids)
        if llama_cpp.llama_decode(self._context, llama_cpp.llama_batch_get_one(tokens, len(ids))) != 0:
            raise RuntimeError("llama.cpp cannot compute")
        llama_cpp.llama_get_logits(self._context)

    def forget(self) -> None:
        """Begin a new prompt."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._context), True)


def main() -> None:
    """Make the model, measure it, print what was measured."""
    job = json.load(sys.stdin)
    path = Path(job["folder"]) / "model.gguf"
    write_model(path, job["shape"])
    chance, vocabulary = random.Random(0), job["shape"]["vocab_size"]
    model = Model(path, job["threads"], 2 * (job["prompt"] + job["tokens"]))
    model.compute([1] * 16)
    prefill, rates = [], []
    for _ in range(job["repeats"]):
        model.forget()
        began = time.perf_counter()
        model.compute([chance.randrange(vocabulary) for _ in range(job["prompt"])])
        prefill.append(time.perf_counter() - began)
        began = time.perf_counter()
        for _ in range(job["tokens"]):
            model.compute([chance.randrange(vocabulary)])
        rates.append(job["tokens"] / (time.perf_counter() - began))
    print(json.dumps({"prefill": statistics.median(prefill), "decode": statistics.median(rates)}))


if __name__ == "__main__":
    main()
