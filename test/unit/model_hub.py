"""A small server that answers as the hub does."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import tiny_phi3

COMMIT = "0" * 40


class Hub(ThreadingHTTPServer):
    """Serves the folders in `repositories` by their ids; a gated one is refused."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.repositories: dict[str, Path] = {}
        self.gated: set[str] = set()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        name, _, rest = self.path.removeprefix("/api/models").strip("/").partition("/resolve/")
        name = "/".join(name.split("/")[:2])
        folder = self.server.repositories.get(name)
        if folder is None:
            self.answer(404, error="RepoNotFound")
        elif name in self.server.gated:
            self.answer(403, error="GatedRepo")
        elif self.path.startswith("/api/"):
            self.answer(
                200, json.dumps(listing(folder) if "/tree/" in self.path else {"id": name, "sha": COMMIT}).encode()
            )
        elif (path := folder / rest.partition("/")[2]).is_file():
            self.answer(200, path.read_bytes())
        else:
            self.answer(404, error="EntryNotFound")

    def answer(self, status: int, content: bytes = b"", error: str = "") -> None:
        self.send_response(status)
        self.send_header("X-Repo-Commit", COMMIT)
        self.send_header("ETag", f'"{hash(content)}"')
        self.send_header("Content-Length", str(len(content)))
        if error:
            self.send_header("X-Error-Code", error)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def listing(folder: Path) -> list[dict[str, object]]:
    files = [path for path in folder.iterdir() if path.is_file()]
    return [{"type": "file", "path": path.name, "size": path.stat().st_size, "oid": path.name} for path in files]


@contextmanager
def running_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    server = Hub()
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", server.address)
    template = server.address + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def put_adapter(hub: Hub, folder: Path) -> None:
    """An adapter whose base is a hub id too, as Phi-Ed's is."""
    hub.repositories["base/mini"] = tiny_phi3.base_folder()
    hub.repositories["someone/phi-ed"] = tiny_phi3.make_adapter(folder, tiny_phi3.base_folder(), seed=7)
    settings = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**settings, "base_model_name_or_path": "base/mini"}))
