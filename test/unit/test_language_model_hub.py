"""Models by hub id, against a small server that answers as the hub does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import tiny_phi3
from model_hub import Hub, put_adapter, running_hub

from phied_robot.language_model.loading import load
from phied_robot.language_model.sources import ModelError, local_folder, resolve


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    with running_hub(tmp_path, monkeypatch) as server:
        yield server


def unplug(hub: Hub) -> None:
    hub.shutdown()
    hub.server_close()


def test_an_adapter_on_the_hub_is_downloaded_with_its_base_and_merged(hub: Hub, tmp_path: Path) -> None:
    put_adapter(hub, tmp_path / "phi-ed")
    source = resolve("someone/phi-ed")
    assert (source.base, source.merge_adapter) == ("base/mini", "someone/phi-ed")
    assert load(source, device="cpu").adapters == ()


def test_what_was_downloaded_once_loads_without_the_network(hub: Hub, tmp_path: Path) -> None:
    put_adapter(hub, tmp_path / "phi-ed")
    load(resolve("someone/phi-ed"), device="cpu")
    load(resolve("base/mini"), device="cpu")
    unplug(hub)
    assert resolve("someone/phi-ed").merge_adapter == "someone/phi-ed"
    assert load(resolve("someone/phi-ed"), device="cpu").adapters == ()
    assert resolve("base/mini").merge_adapter is None
    load(resolve("base/mini"), device="cpu")


def test_an_id_that_the_hub_does_not_know_is_refused(hub: Hub) -> None:
    with pytest.raises(ModelError, match="'no/one' is neither a folder nor a known model id"):
        resolve("no/one")


def test_a_gated_model_says_what_to_do(hub: Hub) -> None:
    hub.repositories["base/mini"] = tiny_phi3.base_folder()
    hub.gated.add("base/mini")
    with pytest.raises(ModelError, match="accept its terms"):
        resolve("base/mini")


def test_without_the_hub_an_id_that_was_never_downloaded_says_so(hub: Hub) -> None:
    unplug(hub)
    with pytest.raises(ModelError, match=r"cannot be reached: connect once to download it"):
        resolve("base/mini")
    with pytest.raises(ModelError, match=r"cannot be reached"):
        local_folder("base/mini")


def test_pickled_weights_are_not_downloaded(hub: Hub, tmp_path: Path) -> None:
    repository = tiny_phi3.make_base(tmp_path / "mini")
    (repository / "pytorch_model.bin").write_bytes(b"code")
    hub.repositories["base/mini"] = repository
    folder = local_folder("base/mini")
    assert (folder / "config.json").is_file() and not (folder / "pytorch_model.bin").exists()
