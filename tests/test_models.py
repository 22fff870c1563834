"""The page's weights: the embedded ones at once, those of the Hub once fetched, those of older links on demand."""

import errno
import os
import re
import shutil
import threading

import numpy as np
import pytest
from browsing import face, in_address, link_of, open_face, pixels, settled, shown
from conftest import DEFAULT, EMBEDDED, WEIGHTS, serving
from huggingface_hub import HfApi
from playwright.sync_api import expect
from small import folder_of, pushed

from gan import UserError, hub
from gan.link import View, encode
from gan.model import weights
from gan.serve import models as models_module
from gan.serve.faces import FaceModel
from gan.serve.models import Models
from gan.train.generator.transfer import open_source


def generator_id(folder) -> str:
    return FaceModel(folder).id


@pytest.fixture
def quick(monkeypatch):
    """Short pauses between attempts."""
    monkeypatch.setattr(hub, "PAUSES", (0.1, 0.1))
    monkeypatch.setattr(models_module, "PAUSES", (0.5,))
    monkeypatch.setattr(hub, "TIMEOUT", 1)


def test_only_the_default_weights_are_opened_at_the_start(monkeypatch):
    opened = []
    monkeypatch.setattr(models_module, "FaceModel", lambda folder: opened.append(folder.name) or FaceModel(folder))
    models = Models(WEIGHTS, DEFAULT)
    assert models.current is models.of("0" * 12) and not models.news and not models.coming
    assert opened == [DEFAULT] and len(models.offered) == 2  # all that is offered, of which one was opened
    assert [model.name for model in models.embedded] == ["faces-128", "faces-64"] and len(opened) == 2
    models.of(models.offered[0].id)
    assert len(opened) == 2
    assert not models.asked_for("0" * 12)  # no repo is configured: nothing is ever fetched


def test_every_weights_folder_is_embedded_and_older_ones_are_opened_when_a_link_asks(tmp_path):
    for number, name in enumerate(("small", "other")):
        folder_of(tmp_path / name, number)
    old_id = generator_id(folder_of(tmp_path / "older" / "new"))
    old = (tmp_path / "older" / "new").rename(tmp_path / "older" / old_id)
    damaged = shutil.copytree(old, tmp_path / "older" / ("a" * 12))
    (damaged / "generator.safetensors").write_bytes(b"no")
    models = Models(tmp_path, "small")
    assert [model.name for model in models.embedded] == ["small", "other"] and models.current is models.embedded[0]
    assert {model.name for model in models.offered} == {"small", "other"}
    assert np.array_equal(models.of(old_id).faces([5]), FaceModel(old).faces([5])) and models.of(old_id) is models.of(
        old_id
    )
    assert len(models.offered) == 2 and not models.has("a" * 12) and not models.has("../small") and models.has("")
    wanted = Models(tmp_path, "small", str(folder_of(tmp_path / "runs" / "mine" / "weights", 7)))
    assert wanted.current.name == "mine" and len(wanted.offered) == 3 and wanted.has(models.current.id)


def test_embedded_weights_that_are_damaged_are_found_at_the_start(tmp_path):
    folder_of(tmp_path / "small")
    generator = folder_of(tmp_path / "other", 1) / "generator.safetensors"
    generator.write_bytes(generator.read_bytes()[:-1])
    with pytest.raises(UserError, match=r"other/generator.safetensors is not the file that config.json describes"):
        Models(tmp_path, "small")


def test_the_folder_of_a_run_means_its_weights_and_the_home_folder_is_found(tmp_path, monkeypatch):
    folder, run = folder_of(tmp_path / "runs" / "mine" / "weights", 7), tmp_path / "runs" / "mine"
    monkeypatch.setenv("HOME", str(tmp_path))
    for wanted in (str(folder), str(run), f"{run}/", "~/runs/mine"):
        current = Models(WEIGHTS, DEFAULT, wanted).current
        assert (current.id, current.folder, current.name) == (generator_id(folder), folder, "mine"), wanted
    assert weights.load(run).folder == open_source(str(run)).folder == folder  # what is written goes there, too


@pytest.mark.parametrize("wanted", ["no such folder", "/no/such/folder", "a/b/c d", "user", "https://x.y/z"])
def test_neither_a_folder_nor_a_name(wanted):
    sentence = f"SEEDFACES_MODEL={wanted} is neither a folder of weights nor a repo on the Hub (user/name)."
    with pytest.raises(UserError, match=f"^{re.escape(sentence)}$"):
        Models(WEIGHTS, DEFAULT, wanted)


def test_a_file_of_weights_is_no_folder(tmp_path):
    file = folder_of(tmp_path / "weights") / "generator.safetensors"
    with pytest.raises(UserError, match="generator.safetensors is a file: name the folder of weights that holds it"):
        Models(WEIGHTS, DEFAULT, str(file))


@pytest.mark.parametrize("wanted", ["https://huggingface.co/alice/none", " alice/none\n", "hf.co/alice/none/tree/main"])
def test_the_page_of_a_repo_is_understood(monkeypatch, wanted):
    monkeypatch.setattr(Models, "_start", lambda *arguments: None)
    assert Models(WEIGHTS, DEFAULT, wanted).repo == "alice/none"


def test_weights_of_the_hub_replace_the_embedded_ones(hub_server, repo_id, tmp_path, quick):
    first, second = folder_of(tmp_path / "one", 1), folder_of(tmp_path / "two", 2)
    commit = pushed(first, repo_id)
    pushed(second, repo_id)
    hub_server.faults({"path": f"/api/models/{repo_id}", "sleep": 0.5})
    models = Models(WEIGHTS, DEFAULT, repo_id)
    assert models.current.id == generator_id(EMBEDDED) and models.coming and "are being fetched" in models.news
    settled(lambda: not models.coming)
    assert models.current.id == generator_id(second) and not models.news
    assert models.of(generator_id(EMBEDDED)) is models.embedded[0]  # links made meanwhile stay true
    pinned = Models(WEIGHTS, DEFAULT, f"{repo_id}@{commit}")
    settled(lambda: not pinned.coming)
    assert pinned.current.id == generator_id(first)


def test_what_was_fetched_before_is_there_without_a_network(hub_server, repo_id, tmp_path, quick):
    folder = folder_of(tmp_path / "weights")
    pushed(folder, repo_id)
    FaceModel.from_pretrained(repo_id)
    hub_server.stop()
    models = Models(WEIGHTS, DEFAULT, repo_id)
    settled(lambda: not models.coming)
    assert models.current.id == generator_id(folder) and not models.news
    never_seen = Models(WEIGHTS, DEFAULT, "alice/never-seen")
    settled(lambda: not never_seen.coming)
    assert never_seen.current is never_seen.embedded[0] and "The Hub cannot be reached" in never_seen.news


@pytest.mark.parametrize(
    "trouble, words",
    [
        ("wrong name", "is not on the Hub, or is private"),
        ("gated", "is gated: ask for access"),
        ("hanging", "The Hub cannot be reached"),
        ("damaged", "damaged or cut short"),
        ("503", "answered 503"),
    ],
)
def test_weights_that_cannot_be_fetched_are_reported(hub_server, repo_id, tmp_path, quick, trouble, words):
    folder, name = folder_of(tmp_path / "weights"), repo_id
    if trouble == "damaged":
        (folder / "generator.safetensors").write_bytes((folder / "generator.safetensors").read_bytes()[:-9])
    pushed(folder, repo_id)
    if trouble == "wrong name":
        name = repo_id + "-not"
    if trouble == "gated":
        hub_server.change(repo_id, gated="denied")
    if trouble in ("hanging", "503"):
        fault = {"sleep": 60} if trouble == "hanging" else {"status": 503}
        hub_server.faults({"path": f"/api/models/{repo_id}", "times": -1, **fault})
    models = Models(WEIGHTS, DEFAULT, name)
    settled(lambda: not models.coming)
    assert models.current is models.embedded[0]
    assert (
        models.news.startswith(f"The weights of {name} could not be fetched, so the page shows the embedded ones.")
        and words in models.news
    )
    assert str(tmp_path) not in models.news and os.environ["HF_HOME"] not in models.news
    if trouble == "503":  # the next attempt succeeds
        hub_server.faults()
        settled(lambda: models.current.id == generator_id(folder))


def test_older_links_find_their_weights(hub_server, repo_id, tmp_path, quick):
    folders = [folder_of(tmp_path / str(number), number) for number in range(4)]
    for folder in folders:
        pushed(folder, repo_id)
    models = Models(WEIGHTS, DEFAULT, repo_id)
    settled(lambda: not models.coming)
    ids = [generator_id(folder) for folder in folders]
    assert models.current.id == ids[3] and not models.has(ids[0])
    hub_server.log(clear=True)
    assert models.asked_for(ids[0]) and models.asked_for(ids[0])
    settled(lambda: models.has(ids[0]))
    assert np.array_equal(models.of(ids[0]).faces([5]), FaceModel(folders[0]).faces([5]))
    downloads = [line for line in hub_server.log() if line["path"].endswith("/generator.safetensors")]
    assert len(downloads) == 1  # fetched once
    for number in (1, 2):
        assert models.asked_for(ids[number])
        settled(lambda name=ids[number]: models.has(name))
        if number == 1:
            models.of(ids[0])  # used once more
    assert [models.has(name) for name in ids] == [True, False, True, True]  # two are kept beside the current ones


def test_made_up_links_fetch_little_and_only_from_the_configured_repo(hub_server, repo_id, tmp_path, quick):
    pushed(folder_of(tmp_path / "weights"), repo_id)
    models = Models(WEIGHTS, DEFAULT, repo_id)
    settled(lambda: not models.coming)
    hub_server.faults({"path": "/revision/g-", "sleep": 0.5, "times": -1})
    hub_server.log(clear=True)
    made_up = [f"{number:012x}" for number in range(20)]
    assert sum(models.asked_for(name) for name in made_up) == models_module.MOST_AT_ONCE
    settled(lambda: not any(model is None for model in models._fetched.values()))
    assert not models.asked_for(made_up[0])  # not found, and not requested again for a while
    assert {line["path"] for line in hub_server.log()} <= {
        f"/api/models/{repo_id}/revision/g-{name}" for name in made_up
    }
    assert len(hub_server.log()) <= models_module.MOST_AT_ONCE


def test_a_tag_that_points_at_other_weights_is_ignored(hub_server, repo_id, tmp_path, quick):
    commit = pushed(folder_of(tmp_path / "weights"), repo_id)
    HfApi().create_tag(repo_id, tag="g-" + "a" * 12, revision=commit)
    models = Models(WEIGHTS, DEFAULT, repo_id)
    settled(lambda: not models.coming)
    assert models.asked_for("a" * 12)
    settled(lambda: not models.asked_for("a" * 12))
    assert not models.has("a" * 12)


class Panic(BaseException):
    """Like the exception that a panic of a library in Rust raises."""


@pytest.mark.parametrize(
    "fault", [RuntimeError("no way at /secret"), MemoryError(), KeyError("x"), SystemExit(1), Panic()], ids=repr
)
def test_a_fetch_ends_whatever_goes_wrong(tmp_path, quick, monkeypatch, caplog, fault):
    """Otherwise visitors would poll forever, or a place for a fetch would never become free again."""

    def pull(*arguments):
        if fault:
            raise fault
        return folder

    folder = folder_of(tmp_path / "weights")
    monkeypatch.setattr(hub, "pull", pull)
    monkeypatch.setattr(models_module, "PAUSES", (0.2,) * 1000)
    models = Models(WEIGHTS, DEFAULT, "alice/faces")
    settled(lambda: not models.coming)
    assert models.news == (
        "The weights of alice/faces could not be fetched, so the page shows the embedded ones. "
        "Something went wrong on this server; its log says what."
    )
    assert type(fault).__name__ in caplog.text and "Traceback" in caplog.text  # for the operator of the server
    for number in range(2 * models_module.MOST_AT_ONCE):
        name = f"{number:012x}"
        assert models.asked_for(name)  # a place is free
        settled(lambda name=name: not models.asked_for(name))
        assert not models.has(name)
    fault = None  # the next attempt succeeds
    settled(lambda: models.current.id == generator_id(folder))
    assert not models.news and not models.coming


def test_a_thread_that_cannot_start_does_not_block_later_fetches(monkeypatch):
    def start(thread):
        raise RuntimeError("can't start new thread")

    models = Models(WEIGHTS, DEFAULT)
    models.repo = "alice/faces"
    monkeypatch.setattr(threading.Thread, "start", start)
    assert not any(models.asked_for(f"{number:012x}") for number in range(10))
    monkeypatch.undo()
    monkeypatch.setattr(hub, "pull", lambda *arguments: EMBEDDED)
    assert models.asked_for("0" * 12)


def test_visitors_do_not_read_the_paths_of_the_server(hub_server, repo_id, tmp_path, quick, monkeypatch):
    def download(*arguments, **options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/secret/cache")

    pushed(folder_of(tmp_path / "weights"), repo_id)
    monkeypatch.setattr(hub, "snapshot_download", download)
    models = Models(WEIGHTS, DEFAULT, repo_id)
    settled(lambda: not models.coming)
    assert "No space left on device" in models.news and "/secret" not in models.news


# --- in the browser -----------------------------------------------------------------------------------------------


def test_the_page_shows_the_embedded_faces_first_and_those_of_the_hub_when_they_are_there(
    hub_server, repo_id, tmp_path, page
):
    folder = folder_of(tmp_path / "weights")
    pushed(folder, repo_id)
    hub_server.faults({"path": f"/api/models/{repo_id}", "sleep": 60})
    with serving(tmp_path / "home", SEEDFACES_MODEL=repo_id) as url:
        page.goto(url)
        shown(page, FaceModel(EMBEDDED), range(16))
        expect(page.locator("#gallery-notes")).to_contain_text(f"The weights of {repo_id} are being fetched")
        in_address(page, w=generator_id(EMBEDDED))
        hub_server.faults()
        shown_later = FaceModel(folder)
        in_address(page, w=shown_later.id)
        shown(page, shown_later, range(16))
        expect(page.locator("#gallery-notes")).not_to_be_visible()
        page.goto(f"{url}/?{encode(View(seeds=(3, 1), weights=generator_id(EMBEDDED)))}")  # a link made before
        shown(page, FaceModel(EMBEDDED), [3, 1])
        page.get_by_role("button", name="Next →").click()
        in_address(page, seeds="2,3")
        shown(page, FaceModel(EMBEDDED), [2, 3])


def test_an_old_link_after_a_new_push(hub_server, repo_id, tmp_path, page):
    """Made before a push and opened after it: the faces of the old weights, pixel by pixel."""
    old, new = folder_of(tmp_path / "old", 1), folder_of(tmp_path / "new", 2)
    pushed(old, repo_id)
    with serving(tmp_path / "home-1", SEEDFACES_MODEL=repo_id) as url:
        page.goto(f"{url}/?seeds=5,9")
        in_address(page, w=generator_id(old))
        link = link_of(page)
    pushed(new, repo_id)
    with serving(tmp_path / "home-2", SEEDFACES_MODEL=repo_id) as url:
        page.goto(url)
        in_address(page, w=generator_id(new))
        page.goto(f"{url}/?{link.split('?')[1]}")
        in_address(page, w=generator_id(old), seeds="5,9")
        shown(page, FaceModel(old), [5, 9])
        expect(page.locator("#gallery-notes")).not_to_be_visible()
        page.goto(f"{url}/?seeds=5,9&w={'0' * 12}")
        expect(page.locator("#gallery-notes")).to_contain_text("made with other weights")
        shown(page, FaceModel(new), [5, 9])
        assert face(page, 5).count() == 1


def test_a_kept_face_of_older_weights_is_fetched(hub_server, repo_id, tmp_path, page):
    old, new = folder_of(tmp_path / "old", 1), folder_of(tmp_path / "new", 2)
    pushed(old, repo_id)
    pushed(new, repo_id)
    with serving(tmp_path / "home", SEEDFACES_MODEL=repo_id) as url:
        page.goto(url)
        in_address(page, w=generator_id(new))
        hub_server.faults({"path": f"/api/models/{repo_id}", "sleep": 60})
        kept = encode(View(seeds=(9,), weights=generator_id(old)))
        page.evaluate("kept => localStorage.setItem('seedfaces-kept', JSON.stringify([kept]))", kept)
        page.reload()
        status = page.locator("#tray").get_by_role("status")
        expect(status).to_have_text("The weights of 1 face are being fetched.")
        expect(page.locator("#kept-faces .face")).to_be_disabled()
        hub_server.faults()
        picture = page.locator("#kept-faces img[src]")
        expect(picture).to_have_count(1, timeout=30_000)
        assert np.array_equal(pixels(picture), FaceModel(old).faces([9])[0])
        expect(status).to_have_text("")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda route: route.fulfill(status=503, json={"detail": "Queue is full"}), id="too-many-visitors"),
        pytest.param(lambda route: route.abort(), id="no-network"),  # Gradio then loads the page anew
    ],
)
def test_a_poll_that_fails_is_repeated(answer, hub_server, repo_id, tmp_path, page):
    """A visitor who waits for older weights gets them, even if one poll fails."""
    old, new = folder_of(tmp_path / "old", 1), folder_of(tmp_path / "new", 2)
    pushed(old, repo_id)
    pushed(new, repo_id)
    with serving(tmp_path / "home", SEEDFACES_MODEL=repo_id) as url:
        page.goto(url)
        in_address(page, w=generator_id(new))
        hub_server.faults({"path": f"/api/models/{repo_id}", "sleep": 60})
        page.goto(f"{url}/?seeds=5,9&w={generator_id(old)}")
        expect(page.locator("#gallery-notes")).to_contain_text("are being fetched")
        shown(page, FaceModel(new), [5, 9])
        open_face(page, 9).get_by_role("button", name="Keep").click()
        page.keyboard.press("Escape")
        kept = page.locator("#kept-faces img")
        assert np.array_equal(pixels(kept), FaceModel(new).faces([9])[0])
        failed = []
        page.route("**/queue/join?*", lambda route: (failed.append(route), answer(route)), times=1)
        settled(lambda: page.wait_for_timeout(100) or failed)
        hub_server.faults()
        shown(page, FaceModel(old), [5, 9])
        in_address(page, w=generator_id(old), seeds="5,9")
        assert np.array_equal(pixels(kept), FaceModel(new).faces([9])[0])  # it stays as it was kept
