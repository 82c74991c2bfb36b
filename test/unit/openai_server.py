"""A server with OpenAI's interface, as a process of its own: says its port, and answers in capital letters.

The model "breaks" answers once and then refuses; any other key than "secret" is refused.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any


class Answer(BaseHTTPRequestHandler):
    answered = 0

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/chat/completions":
            self.answer(404, {"error": {"message": f"there is no {self.path}"}})
        elif self.headers["Authorization"] != "Bearer secret":
            self.answer(401, {"error": {"message": f"{self.headers['Authorization']} is no key"}})
        elif request["model"] == "breaks" and Answer.answered:
            self.answer(400, {"error": {"message": "enough for today"}})
        else:
            Answer.answered += 1
            content = request["messages"][-1]["content"].upper()
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
            self.answer(200, {"id": "1", "object": "chat.completion", "created": 0, "model": "m", "choices": [choice]})

    def answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running_server() -> Iterator[str]:
    """Its address."""
    import subprocess

    with subprocess.Popen([sys.executable, __file__], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}/v1"
        finally:
            process.terminate()


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", 0), Answer)
    print(server.server_port, flush=True)
    server.serve_forever()
