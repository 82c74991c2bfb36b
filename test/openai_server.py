"""An OpenAI-compatible server of the demo model on the CPU, with faults on demand; run as a process of its own.

It speaks the part of the protocol that the remote engine uses: /v1/models and /v1/chat/completions with streaming,
logprobs and structured outputs; the adapters are its model names.
POST /fault/NAME plants a fault until POST /fault/none.
"""

import json
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from phied_robot.language_model.chat import encode
from phied_robot.language_model.generation import TutorModel
from phied_robot.language_model.loading import load
from phied_robot.language_model.sources import resolve

MODELS = ("strategy", "response")


class DemoServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.loaded = load(resolve("demo"), device="cpu")
        self.tutor = TutorModel(self.loaded)
        self.lock = threading.Lock()
        self.fault = "none"
        self.asked: list[dict[str, Any]] = []
        self.moved_on = threading.Event()

    def plant(self, fault: str) -> None:
        """From now on; what hangs by the last fault goes on."""
        self.fault, self.asked = fault, []
        self.moved_on.set()
        self.moved_on = threading.Event()


class Handler(BaseHTTPRequestHandler):
    server: DemoServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/asked":
            self.reply(200, self.server.asked)
        else:
            self.reply(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in MODELS]})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if self.path.startswith("/fault/"):
            self.server.plant(self.path.removeprefix("/fault/"))
            self.reply(200, {})
            return
        request = json.loads(body)
        self.server.asked.append(request)
        match self.server.fault:
            case "error":
                self.reply(500, {"error": {"message": "out of memory"}})
            case "once" if len(self.server.asked) == 1:
                self.reply(503, {"error": {"message": "starting"}})
            case "hang":
                self.server.moved_on.wait()
            case "malformed":
                self.send(200, "application/json", b'{"choices": [')
            case "html":
                self.send(200, "text/html", b"<html>a login page</html>")
            case "key":
                self.reply(401, {"error": {"message": f"bad key: {self.headers['Authorization']}"}})
            case "plain" if "structured_outputs" in request:
                self.reply(400, {"error": {"message": "unknown field structured_outputs"}})
            case "short" if len(request["messages"]) > 4:
                self.reply(400, {"error": {"message": "This model's maximum context length is 4096 tokens."}})
            case _ if request.get("stream"):
                self.stream(request)
            case _:
                self.choose(request)

    def stream(self, request: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        pieces = 0

        def give(text: str) -> None:
            nonlocal pieces
            pieces += 1
            if pieces == 4 and self.server.fault == "cut":
                self.connection.shutdown(socket.SHUT_RDWR)
            if pieces == 4 and self.server.fault == "stall":
                self.server.moved_on.wait()
            if pieces == 4 and self.server.fault == "garbage":
                self.chunk("data: {oh no\n\n")
            self.event({"content": text}, None)

        try:
            with self.server.lock:
                self.server.tutor.generate(
                    request["messages"],
                    request["model"],
                    max_new_tokens=request["max_tokens"],
                    temperature=request["temperature"],
                    seed=request["seed"],
                    on_text=give,
                    cancelled=lambda: False,
                )
            if self.server.fault != "early":
                self.event({}, "stop")
                self.chunk("data: [DONE]\n\n")
            self.chunk("")
        except OSError:
            self.close_connection = True

    def choose(self, request: dict[str, Any]) -> None:
        tokenizer, model = self.server.loaded.tokenizer, self.server.tutor._model
        prompt = encode(tokenizer, request["messages"], model.context - 1).ids
        with self.server.lock, model.running(request["model"]):
            model.prefill(request["model"], prompt)
            logits = model.logits()
        logits = logits.clone()  # outside of inference, to be changed
        if "structured_outputs" in request:
            allowed = [tokenizer.convert_tokens_to_ids(code) for code in request["structured_outputs"]["choice"]]
            others = [token for token in range(len(logits)) if token not in allowed]
            logits[others] = float("-inf")
        values, tokens = logits.log_softmax(-1).topk(request["top_logprobs"])
        likely = [
            {"token": tokenizer.decode([token]), "logprob": max(value, -9999.0), "bytes": None}
            for token, value in zip(tokens.tolist(), values.tolist(), strict=True)
        ]
        message = {"role": "assistant", "content": likely[0]["token"]}
        logprobs = {"content": [{**likely[0], "top_logprobs": likely}]}
        choice = {"index": 0, "message": message, "finish_reason": "length", "logprobs": logprobs}
        self.reply(200, {"id": "1", "object": "chat.completion", "created": 0, "model": "", "choices": [choice]})

    def event(self, delta: dict[str, str], finish: str | None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        piece = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "", "choices": [choice]}
        self.chunk(f"data: {json.dumps(piece)}\n\n")

    def chunk(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def reply(self, status: int, content: Any) -> None:
        self.send(status, "application/json", json.dumps(content).encode())

    def send(self, status: int, kind: str, data: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Server:
    """A running server, for tests."""

    def __init__(self, port: int) -> None:
        self.root = f"http://127.0.0.1:{port}"
        self.url = f"{self.root}/v1"

    def plant(self, fault: str) -> None:
        urllib.request.urlopen(f"{self.root}/fault/{fault}", data=b"").close()

    def asked(self) -> int:
        with urllib.request.urlopen(f"{self.root}/asked") as answer:
            return answer.read().count(b'"messages"')


@contextmanager
def running_server() -> Iterator[Server]:
    with subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None and running.stdin is not None
        yield Server(int(running.stdout.readline()))
        running.stdin.close()


def main() -> None:
    server = DemoServer()
    print(server.server_port, flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()  # until the test that started it ends


if __name__ == "__main__":
    main()
