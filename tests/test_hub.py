"""To the Hub and back, with the real client over HTTP against a stand-in (hub_server.py)."""

import ctypes
import dataclasses
import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
import requirements
import torch
from conftest import DEFAULT, EMBEDDED, HUB, ROOT, TINY, picture
from huggingface_hub import HfApi, ModelCard, hf_hub_download, snapshot_download
from small import folder_of, indexed, pushed

from gan import UserError, hub
from gan.hub import failures, model_card, spaces
from gan.model import additions, weights
from gan.serve import files
from gan.serve.faces import FaceModel
from gan.train.generator.folder import RunFolder
from gan.train.generator.publish import Publisher
from gan.train.pictures import sources
from gan.train.pictures.store import Store, open_store
from gan.train.settings import DataSettings


def commits(repo_id: str) -> list[str]:
    return [commit.title for commit in HfApi().list_repo_commits(repo_id)]


# --- there and back -----------------------------------------------------------------------------------------------


def test_a_round_trip_is_bit_equal_and_one_commit(hub_server, repo_id, tmp_path):
    folder = folder_of(tmp_path / "weights")
    commit = pushed(folder, repo_id, "Step 100, Fréchet distance 2.50")
    back = hub.pull(repo_id)
    assert (
        back.name == commit and commits(repo_id)[0] == "Step 100, Fréchet distance 2.50" and len(commits(repo_id)) == 2
    )
    for path in folder.iterdir():
        assert (back / path.name).read_bytes() == path.read_bytes(), path.name
    generator_id = weights.load(folder).generator_id
    assert {tag.name: tag.target_commit for tag in HfApi().list_repo_refs(repo_id).tags} == {
        f"g-{generator_id}": commit
    }
    assert np.array_equal(FaceModel.from_pretrained(repo_id).faces([7]), FaceModel(folder).faces([7]))
    assert FaceModel.from_pretrained(folder).id == generator_id


def test_a_revision_stays_pinned(hub_server, repo_id, tmp_path):
    first = pushed(folder_of(tmp_path / "one", 1), repo_id)
    second = pushed(folder_of(tmp_path / "two", 2), repo_id)
    one = weights.load(tmp_path / "one").generator_id
    assert hub.pull(repo_id).name == second and hub.pull(repo_id, first).name == first
    assert hub.pull(repo_id, f"g-{one}").name == first
    assert FaceModel.from_pretrained(repo_id, f"g-{one}").id == one


def test_what_is_cached_is_not_fetched_again(hub_server, repo_id, tmp_path):
    pushed(folder_of(tmp_path / "weights"), repo_id)
    hub.pull(repo_id)
    hub_server.log(clear=True)
    hub.pull(repo_id)
    assert not [line for line in hub_server.log() if "resolve" in line["path"] and line["method"] == "GET"]


def test_nothing_but_a_weights_folder_is_fetched(hub_server, repo_id, tmp_path, monkeypatch):
    folder = folder_of(tmp_path / "weights")
    (folder / "surprise.bin").write_bytes(b"x" * 5000)
    pushed(folder, repo_id)
    assert not (hub.pull(repo_id) / "surprise.bin").exists()
    monkeypatch.setattr(hub, "MOST_BYTES", 1000)
    with pytest.raises(UserError, match="MB of weights; up to"):
        hub.pull(repo_id)


def test_the_same_folder_again_is_no_second_commit(hub_server, repo_id, tmp_path):
    folder = folder_of(tmp_path / "weights")
    first = pushed(folder, repo_id)
    assert pushed(folder, repo_id) == first and len(commits(repo_id)) == 2


# --- the card -----------------------------------------------------------------------------------------------------


def test_edited_prose_survives_and_sections_are_renewed(hub_server, repo_id, tmp_path):
    pushed(folder_of(tmp_path / "one", 1), repo_id)
    card = open(hf_hub_download(repo_id, "README.md")).read()
    edited = card.replace("Prose.", "Written by a person.").replace("library_name", "language: en\nlibrary_name")
    HfApi().upload_file(path_or_fileobj=edited.encode(), path_in_repo="README.md", repo_id=repo_id)
    pushed(folder_of(tmp_path / "two", 2), repo_id)
    card = ModelCard(open(hf_hub_download(repo_id, "README.md")).read())
    assert "Written by a person." in card.text and "Step 2." in card.text and "Step 1." not in card.text
    assert card.data.language == "en" and card.data.license == "other" and card.data.eval_results[0].metric_value == 2.5


def test_failures_that_the_client_wraps_are_recognised():
    try:
        try:
            raise ConnectionResetError("Connection reset by peer")
        except ConnectionResetError as cause:
            raise RuntimeError("Error while uploading 'x' to the Hub.") from cause
    except RuntimeError as error:
        assert (
            failures.explain(error, "a/b")
            == "The Hub cannot be reached (Error while uploading 'x' to the Hub.): check the network and try again."
        )
    assert failures.explain(RuntimeError("odd"), "a/b") == "The Hub and a/b: odd."


def test_merging_cards():
    new = model_card.card(
        "# New\n" + model_card.section("a", "two") + "\n" + model_card.section("b", "B"), "m", "d", {}
    )
    assert (
        model_card.merged_card(None, new) == new
        and model_card.merged_card(new, new).split("---\n")[2] == new.split("---\n")[2]
    )
    taken_out = model_card.merged_card("---\nlicense: mit\n---\n# Mine\n" + model_card.section("a", "one"), new)
    assert "# Mine" in taken_out and "two" in taken_out and "# New" not in taken_out and "B\n" not in taken_out
    assert "license: other" in taken_out and "license: mit" not in taken_out
    foreign = model_card.merged_card("# Somebody's own card\n", new)
    assert foreign.index("Somebody's own") < foreign.index("two") < foreign.index("B\n")


def test_the_card_carries_its_metrics():
    data = ModelCard(model_card.card("x", "faces-64", "UTKFace", {"frechet-distance": 1.3, "critic-auroc": 0.88})).data
    assert [(r.metric_type, r.metric_value, r.dataset_name) for r in data.eval_results] == [
        ("frechet-distance", 1.3, "UTKFace"),
        ("critic-auroc", 0.88, "UTKFace"),
    ]
    assert data.license == "other" and data.pipeline_tag == "unconditional-image-generation"


# --- what can go wrong --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"path": "/commit/", "status": 409},
        {"path": "/commit/", "status": 412},
        {"path": "/commit/", "status": 429},
        {"path": "/commit/", "status": 500},
        {"path": "/commit/", "status": 503, "times": 3},
        {"path": "/preupload/", "status": 502},
        {"path": "/commit/", "commit_then_drop": True},
        {"path": "/commit/", "drop": True},
        {"path": "/_lfs/", "drop": True},
        {"path": "/tag/", "status": 500},
        {"path": "/revision", "status": 500},
        {"path": "lfs/objects/batch", "status": 503},
    ],
    ids=lambda fault: "-".join(map(str, fault.values())).replace("/", ""),
)
def test_temporary_failures_are_retried(hub_server, repo_id, tmp_path, fault):
    hub.prepare(repo_id)
    hub_server.faults(fault)
    folder = folder_of(tmp_path / "weights")
    commit = hub.push(folder, repo_id, "Step 100", pauses=(0.1, 0.1, 0.1))
    assert len(commits(repo_id)) == 2 and hub.pull(repo_id).name == commit
    assert (hub.pull(repo_id) / "generator.safetensors").read_bytes() == (folder / "generator.safetensors").read_bytes()
    assert [tag.target_commit for tag in HfApi().list_repo_refs(repo_id).tags] == [commit]


def test_lasting_failures_end_in_one_sentence_and_the_last_commit_stays_whole(hub_server, repo_id, tmp_path):
    before = pushed(folder_of(tmp_path / "one", 1), repo_id)
    hub_server.faults({"path": "/commit/", "status": 503, "times": -1})
    with pytest.raises(UserError, match=r"answered 503 for alice/.*try again later"):
        hub.push(folder_of(tmp_path / "two", 2), repo_id, "Step 2", pauses=(0.1,))
    hub_server.faults()
    assert hub.pull(repo_id).name == before
    assert weights.load(hub.pull(repo_id)).config["training"]["steps"] == 1


def test_a_hub_that_dies_in_mid_upload_has_lost_nothing_and_takes_it_later(hub_server, repo_id, tmp_path):
    before = pushed(folder_of(tmp_path / "one", 1), repo_id)
    hub_server.faults({"path": "/commit/", "die": True})  # its files are there, the commit is not
    with pytest.raises(UserError, match="cannot be reached"):
        hub.push(folder_of(tmp_path / "two", 2), repo_id, "Step 2", pauses=(0.1,))
    hub_server.process.wait()
    hub_server.start()
    assert hub.pull(repo_id).name == before
    assert hub.push(tmp_path / "two", repo_id, "Step 2") == hub.pull(repo_id).name != before


def test_two_pushes_at_once_lose_nothing(hub_server, repo_id, tmp_path):
    hub.prepare(repo_id)
    folders = [folder_of(tmp_path / f"{number}", number) for number in range(3)]
    with ThreadPoolExecutor(3) as pool:
        shas = list(
            pool.map(lambda folder: hub.push(folder, repo_id, f"Step {folder.name}", pauses=(0.1,) * 8), folders)
        )
    assert sorted(commits(repo_id)[:3]) == ["Step 0", "Step 1", "Step 2"]
    tags = {tag.name: tag.target_commit for tag in HfApi().list_repo_refs(repo_id).tags}
    for folder, sha in zip(folders, shas):
        assert tags[f"g-{weights.load(folder).generator_id}"] == sha
        assert (hub.pull(repo_id, sha) / "generator.safetensors").read_bytes() == (
            folder / "generator.safetensors"
        ).read_bytes()


@pytest.mark.parametrize(
    "token, name, words",
    [
        ("", "alice/faces", "needs a token"),
        ("hf_wrong", "alice/faces", "needs a token"),
        ("hf_read", "alice/never-seen", "may not write to alice/never-seen"),
        ("hf_write", "a/b/c", "write it as user/name"),
        ("hf_write", "faces with spaces", "write it as user/name"),
    ],
)
def test_what_cannot_be_pushed_to_is_refused_before_training(hub_server, monkeypatch, token, name, words):
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(UserError, match=words):
        hub.prepare(name)


@pytest.mark.parametrize(
    "words, shown",
    [
        ("Private repository storage limit reached, please upgrade your plan.", "The Hub refuses {}: Private repo"),
        ("Your storage patterns tripped our internal systems! Please contact us.", "The Hub refuses {}: Your storage"),
        ("This repository has been disabled", "The Hub refuses {}: This repository has been disabled."),
        ("You don't have the rights to create a model under the namespace", "The token may not write to {}"),
        ("Forbidden: pass a create repo token or reduce scope", "The token may not write to {}"),
    ],
)
@pytest.mark.parametrize("path", ["/commit/", "lfs/objects/batch"])
def test_a_refusal_is_in_the_words_of_the_hub(hub_server, repo_id, tmp_path, path, words, shown):
    hub.prepare(repo_id)
    hub_server.faults({"path": path, "status": 403, "times": -1, "body": {"error": words}})
    with pytest.raises(UserError) as caught:
        hub.push(folder_of(tmp_path / "weights"), repo_id, "Step 1", pauses=())
    assert str(caught.value).startswith(shown.format(repo_id)) and str(caught.value).endswith(".")


def test_a_name_alone_belongs_to_the_user_of_the_token(hub_server, repo_id, tmp_path, run):
    name = repo_id.split("/")[1]
    hub_server.log(clear=True)
    assert Publisher(name, private=True).repo_id == repo_id and HfApi().repo_info(repo_id).private
    assert [line["path"] for line in hub_server.log()][:2] == ["/api/whoami-v2", "/api/repos/create"]
    folder = folder_of(tmp_path / "weights")
    done = run("-m", "gan.hub", "push", folder, name)
    assert f"Pushed {folder} to {repo_id} as commit" in done.stdout, done.stderr
    assert f"{HUB}/spaces/alice/page-of-{name}" == spaces.deploy(f"page-of-{name}")
    assert "SEEDFACES_MODEL" not in HfApi().get_space_variables(f"alice/page-of-{name}")


class Xet:
    """A call that fails as Xet does, so many times, before it works."""

    def __init__(self, call, words: str, times: int):
        self.call, self.words, self.times = call, words, times

    def __call__(self, *arguments, **options):
        self.times -= 1
        if self.times >= 0:
            raise RuntimeError(self.words)
        return self.call(*arguments, **options)


@pytest.mark.parametrize(
    "words, passes",
    [
        ("Data processing error: CAS service error : Reqwest Error: HTTP status server error (503)", True),
        ("Data processing error: CAS service error : IO Error: Timer expired", True),
        ("Network error: error sending request", True),
        ("Data processing error: CAS service error : HTTP status client error (429 Too Many Requests)", True),
        ("Data processing error: CAS service error : HTTP status client error (403 Forbidden)", False),
        ("Data processing error: I/O error: No space left on device (os error 28)", False),
        ("something else", False),
    ],
)
def test_errors_of_xet_are_retried(hub_server, repo_id, tmp_path, monkeypatch, words, passes):
    folder = folder_of(tmp_path / "weights")
    hub.prepare(repo_id)
    monkeypatch.setattr(HfApi, "create_commit", Xet(HfApi().create_commit, words, 2))
    if passes:
        assert hub.push(folder, repo_id, "Step 1", pauses=(0.01,) * 2)
    cure = "HF_HUB_DISABLE_XET=1" if passes else "HF_HOME" if "28" in words else "The Hub and"
    monkeypatch.setattr(HfApi, "create_commit", Xet(None, words, 9))
    with pytest.raises(UserError, match=cure):
        hub.push(folder, repo_id, "Step 1", pauses=(0.01,))


def test_a_cache_that_cannot_be_written(hub_server, repo_id, tmp_path):
    """In a process that may not write there: what is in the cache is used, or HF_HOME is named, without a path."""
    folder = folder_of(tmp_path / "weights")
    commit = pushed(folder, repo_id)
    code = f"from gan import hub; print(hub.pull('{repo_id}').name)"

    def pulled(home, **options):
        words = [sys.executable, "-c", code]
        return subprocess.run(
            words, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "HF_HOME": str(home)}, **options
        )

    def obey_modes():  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE: from linux/prctl.h; root would write anywhere
        ctypes.CDLL(None).prctl(24, 1, 0, 0, 0)

    full, empty = tmp_path / "full", tmp_path / "empty"
    empty.mkdir()
    hub.pull(repo_id)
    shutil.copytree(os.environ["HF_HOME"], full, symlinks=True)
    pushed(folder_of(tmp_path / "weights", 7), repo_id)
    for path in [empty, full, *full.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    assert pulled(full, preexec_fn=obey_modes).stdout.strip() == commit
    (sentence,) = [
        line for line in pulled(empty, preexec_fn=obey_modes).stderr.splitlines() if line.startswith("gan.UserError")
    ]
    assert "set HF_HOME to a folder" in sentence and str(tmp_path) not in sentence
    for path in [empty, full, *full.rglob("*")]:
        path.chmod(0o755)


def test_a_private_repo_is_made_private(hub_server, repo_id):
    hub.prepare(repo_id, private=True)
    assert HfApi().repo_info(repo_id).private
    hub.prepare(repo_id)  # again, as when a run is resumed


def test_pulls_that_fail_say_why(hub_server, repo_id, tmp_path, monkeypatch):
    with pytest.raises(UserError, match="is not on the Hub, or is private"):
        hub.pull("alice/never-seen")
    folder = folder_of(tmp_path / "weights")
    pushed(folder, repo_id)
    with pytest.raises(UserError, match="does not have that revision"):
        hub.pull(repo_id, "g-000000000000")
    hub_server.change(repo_id, gated="denied")
    hub_server.log(clear=True)
    with pytest.raises(UserError, match="is gated: ask for access"):
        hub.pull(repo_id)
    hub_server.change(repo_id, gated=False)
    (folder / "generator.safetensors").write_bytes((folder / "generator.safetensors").read_bytes()[:-9])
    pushed(folder, repo_id)
    with pytest.raises(UserError, match="damaged or cut short"):
        FaceModel.from_pretrained(repo_id)
    HfApi().delete_file("config.json", repo_id)
    with pytest.raises(UserError, match="config.json is missing"):
        FaceModel.from_pretrained(repo_id)


def test_without_a_network_it_is_one_sentence(tmp_path):
    """In a process of its own, whose Hub is a port without a server."""
    code = "from gan import hub; hub.pull('alice/faces')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "HF_ENDPOINT": "http://127.0.0.1:9"},
    )
    assert "UserError: The Hub cannot be reached" in done.stderr


def test_offline_only_the_cache_is_used(hub_server, repo_id, tmp_path):
    """HF_HUB_OFFLINE, in a process of its own: earlier fetches are used, anything else is one sentence."""
    commit = pushed(folder_of(tmp_path / "weights"), repo_id)
    hub.pull(repo_id)
    code = f"from gan import hub; print(hub.pull('{repo_id}')); hub.pull('alice/never-seen')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert done.stdout.strip().endswith(commit)
    assert "UserError: HF_HUB_OFFLINE is set, so the Hub cannot be asked: unset it." in done.stderr


# --- the command and the trainer ----------------------------------------------------------------------------------


def test_the_push_command(hub_server, repo_id, run, tmp_path):
    done = run("-m", "gan.hub", "push", EMBEDDED, repo_id, "--private")
    assert done.returncode == 0, done.stderr
    generator_id = weights.load(EMBEDDED).generator_id
    assert f"tag g-{generator_id}" in done.stdout and HfApi().repo_info(repo_id).private
    config = json.loads((EMBEDDED / "config.json").read_text())
    assert commits(repo_id)[0] == hub.describe(config) and commits(repo_id)[0].startswith(
        f"Step {config['training']['steps']:,}, "
    )
    (tmp_path / "empty").mkdir()
    done = run("-m", "gan.hub", "push", tmp_path / "empty", repo_id)
    assert done.returncode == 1 and done.stderr.startswith("Error: ") and "config.json is missing" in done.stderr


def test_the_push_command_publishes_no_local_path(hub_server, repo_id, run, tmp_path):
    """Weights of older versions hold some."""
    folder = shutil.copytree(EMBEDDED, tmp_path / "weights")
    config = json.loads((folder / "config.json").read_text())
    config["training"]["data"] = "/home/jane/my faces"
    (folder / "config.json").write_text(json.dumps(config))
    done = run("-m", "gan.hub", "push", folder, repo_id)
    assert done.returncode == 0 and "were shortened to the last name" in done.stdout, done.stderr
    pulled = hub.pull(repo_id)
    for name in ("config.json", "README.md", "LICENSE"):
        assert "jane" not in (pulled / name).read_text() and "my faces" in (pulled / name).read_text()


def test_a_run_pushes_on_the_way_and_at_the_end(hub_server, repo_id, run, pictures, tmp_path):
    # the first push takes long: the training does not wait for it
    hub_server.faults({"path": "/preupload/", "sleep": 2})
    done = run(
        "train_accelerate.py",
        *TINY,
        "--train_data_dir",
        pictures,
        "--output_dir",
        tmp_path / "out",
        "--max_train_steps",
        "8",
        "--push_to_hub",
        "--hub_model_id",
        repo_id,
        "--push_every",
        "3",
    )
    assert done.returncode == 0, done.stderr
    assert commits(repo_id)[0] == "Step 8" and "Step 3" in commits(repo_id)
    back, folder = hub.pull(repo_id), tmp_path / "out" / "weights"
    for name in ("generator.safetensors", "discriminator.safetensors", "config.json", "samples.png"):
        assert (back / name).read_bytes() == (folder / name).read_bytes()
    assert f'FaceModel.from_pretrained("{repo_id}")' in (back / "README.md").read_text()


def test_a_push_replaces_what_a_killed_one_has_left(hub_server, repo_id, tmp_path):
    folder, publisher, run_folder = (
        folder_of(tmp_path / "weights"),
        Publisher(repo_id, private=False),
        RunFolder(tmp_path),
    )
    run_folder.pushed.mkdir()
    (run_folder.pushed / "left.txt").touch()
    hub_server.faults({"path": "/preupload/", "sleep": 1})
    publisher.push(folder, run_folder.pushed)
    assert {path.name for path in run_folder.pushed.iterdir()} == {path.name for path in folder.iterdir()}
    publisher.thread.join()
    assert not run_folder.pushed.exists() and commits(repo_id)[0] == "Step 100"


def test_a_run_without_the_right_to_push_does_not_begin(hub_server, run, pictures, tmp_path):
    done = run(
        "train_accelerate.py",
        *TINY,
        "--train_data_dir",
        pictures,
        "--output_dir",
        tmp_path / "out",
        "--max_train_steps",
        "8",
        "--push_to_hub",
        "--hub_model_id",
        "alice/not-mine",
        HF_TOKEN="hf_read",
    )
    assert done.returncode == 1 and "may not write to alice/not-mine" in done.stderr
    assert not (tmp_path / "out" / "metrics.jsonl").exists()


def test_a_run_whose_push_fails_ends_and_says_how_to_push_later(hub_server, repo_id, run, pictures, tmp_path):
    hub_server.faults({"path": "/commit/", "status": 413, "times": -1})  # not a temporary one
    done = run(
        "train_accelerate.py",
        *TINY,
        "--train_data_dir",
        pictures,
        "--output_dir",
        tmp_path / "out",
        "--max_train_steps",
        "4",
        "--push_to_hub",
        "--hub_model_id",
        repo_id,
        "--push_every",
        "2",
    )
    folder = tmp_path / "out" / "weights"
    assert done.returncode == 1 and weights.load(folder).config["training"]["steps"] == 4
    command = f"python -m gan.hub push {folder} {repo_id}"
    assert done.stderr.strip().endswith(command) and "nothing is lost" in done.stderr
    hub_server.faults()
    later = run(*command.split()[1:])
    assert later.returncode == 0, later.stderr
    assert commits(repo_id)[0] == "Step 4"


# --- pictures from the Hub ----------------------------------------------------------------------------------------


@pytest.fixture
def data_set(hub_server, repo_id, tmp_path) -> str:
    """Two configurations; `faces` has two splits, and two columns of pictures."""

    def table(numbers) -> pa.Table:
        def cells(shift):
            pictures = [{"bytes": files.png(picture(number + shift)), "path": None} for number in numbers]
            return pa.array(pictures, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))

        info = {
            "info": {
                "features": {
                    "id": {"dtype": "int64", "_type": "Value"},
                    "image": {"_type": "Image"},
                    "thumbnail": {"_type": "Image"},
                }
            }
        }
        return pa.table({"id": list(numbers), "image": cells(0), "thumbnail": cells(1000)}).replace_schema_metadata(
            {"huggingface": json.dumps(info)}
        )

    for name, numbers in (("faces/train", range(12)), ("faces/test", range(12, 15)), ("others/train", range(20, 24))):
        (tmp_path / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(table(numbers), tmp_path / "pictures" / f"{name}.parquet")
    (tmp_path / "pictures" / "README.md").write_text(
        "---\nconfigs:\n- config_name: faces\n  data_files:\n  - {split: train, path: faces/train.parquet}\n"
        "  - {split: test, path: faces/test.parquet}\n- config_name: others\n  data_files: others/train.parquet\n---\n"
    )
    HfApi().create_repo(repo_id, repo_type="dataset")
    HfApi().upload_folder(folder_path=tmp_path / "pictures", repo_id=repo_id, repo_type="dataset")
    return repo_id


def stored(tmp_path, **wanted) -> Store:
    return open_store(sources.find(DataSettings(**wanted)), 20, tmp_path / "store")


def test_a_data_set_goes_straight_into_the_store(data_set, tmp_path):
    store = stored(tmp_path, dataset_name=data_set, dataset_config_name="faces")
    assert np.array_equal(store.train, [picture(number) for number in range(12)])
    assert np.array_equal(store.held_out, [picture(number) for number in range(12, 15)])
    cached = [path for path in Path(os.environ["HF_HOME"]).rglob("*") if data_set.split("/")[1] in str(path)]
    assert not [path for path in cached if path.is_file() and path.stat().st_size > 5000]  # no second copy on the disk


def test_configuration_split_and_column(data_set, tmp_path):
    others = stored(tmp_path, dataset_name=data_set, dataset_config_name="others")
    assert len(others.train) + len(others.held_out) == 4
    test = stored(tmp_path, dataset_name=data_set, dataset_config_name="faces", dataset_split="test")
    assert len(test.train) + len(test.held_out) == 3  # used for training, since the command names it
    thumbnails = stored(tmp_path, dataset_name=data_set, dataset_config_name="faces", image_column="thumbnail")
    assert np.array_equal(thumbnails.train[0], picture(1000))


@pytest.fixture
def loose_pictures(hub_server, repo_id, tmp_path) -> str:
    """A data set without tables: 120 PNG files in folders, one of them broken, and 3 that are held out."""
    for name, numbers in (("train/a", range(60)), ("train/b", range(60, 120)), ("test", range(120, 123))):
        folder = tmp_path / "loose" / name
        folder.mkdir(parents=True)
        for number in numbers:
            (folder / f"{number:03}.png").write_bytes(files.png(picture(number)))
    (tmp_path / "loose" / "train" / "b" / "119.png").write_bytes(b"no picture")
    HfApi().create_repo(repo_id, repo_type="dataset")
    HfApi().upload_folder(folder_path=tmp_path / "loose", repo_id=repo_id, repo_type="dataset")
    return repo_id


def test_a_data_set_of_loose_pictures_is_read_file_by_file(loose_pictures, tmp_path):
    store = stored(tmp_path, dataset_name=loose_pictures)
    assert np.array_equal(store.train, [picture(number) for number in range(119)])
    assert np.array_equal(store.held_out, [picture(number) for number in range(120, 123)])
    (unreadable,) = store.info["unreadable"]
    assert "train/b/119.png (cannot identify image file" in unreadable


def test_a_hub_that_fails_in_the_middle_loses_no_picture(hub_server, loose_pictures, tmp_path):
    source = sources.find(DataSettings(dataset_name=loose_pictures))
    hub_server.faults({"path": "/train/a/007.png", "status": 403, "times": -1})
    with pytest.raises(UserError, match="Reading hf://.*/train/a/007.png broke off .*: run the same"):
        open_store(source, 20, tmp_path / "store")
    hub_server.faults()
    assert len(open_store(source, 20, tmp_path / "store").train) == 119


@pytest.fixture(scope="module")
def large_data_set(hub_process, tmp_path_factory) -> tuple[str, list[bytes]]:
    """Fifteen parquet files, and the 300 pictures in them: each file is fetched when its turn comes."""
    pictures = [files.png(picture(number)) for number in range(300)]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    info = json.dumps({"info": {"features": {"image": {"_type": "Image"}}}})
    folder = tmp_path_factory.mktemp("large")
    for shard in range(15):
        cells = [{"bytes": data, "path": None} for data in pictures[20 * shard : 20 * shard + 20]]
        table = pa.table({"image": pa.array(cells, kind)}).replace_schema_metadata({"huggingface": info})
        parquet.write_table(table, folder / f"train-{shard:05}-of-00015.parquet", row_group_size=8)
    HfApi().create_repo("alice/large", repo_type="dataset")
    HfApi().upload_folder(folder_path=folder, repo_id="alice/large", repo_type="dataset")
    return "alice/large", pictures


@pytest.fixture
def without_pauses(monkeypatch):
    import datasets

    monkeypatch.setattr(datasets.config, "STREAMING_READ_MAX_RETRIES", 1)
    monkeypatch.setattr(datasets.config, "STREAMING_READ_RETRY_INTERVAL", 0)
    # more than one for each request that fails: huggingface_hub 1.x does not repeat those that break off
    monkeypatch.setattr(failures, "PAUSES", (0.05,) * 9)


@pytest.mark.parametrize("fault", [{"status": 503}, {"drop": True}], ids=["503", "drop"])
def test_a_stream_that_breaks_goes_on_after_what_it_has(hub_server, large_data_set, without_pauses, fault):
    name, expected = large_data_set
    read = []
    for picture_read in sources.find(DataSettings(dataset_name=name)).pictures():
        read.append(picture_read.read())
        if len(read) == 50:
            hub_server.faults({**fault, "path": "/_lfs/", "method": "GET", "times": 8})
            hub_server.log(clear=True)
    assert any(line["faults"] for line in hub_server.log())
    assert read == expected


def test_a_stream_that_stays_broken_is_gone_on_with_by_the_next_run(
    hub_server, large_data_set, without_pauses, tmp_path, monkeypatch
):
    name, expected = large_data_set
    whole = stored(tmp_path / "whole", dataset_name=name)
    source = sources.find(DataSettings(dataset_name=name))
    real, seen = source.resume, []

    def pictures(position=None):
        for each in real(position):
            seen.append(each.name)
            if len(seen) == 257:
                hub_server.faults({"status": 403, "path": "/_lfs/", "times": -1})  # tried again by nobody
            yield each

    broken = dataclasses.replace(source, pictures=pictures, resume=pictures)
    with pytest.raises(UserError, match=r"Reading alice/large, train broke off .*: run the same command again."):
        open_store(broken, 20, tmp_path / "store")
    hub_server.faults()
    seen.clear()
    store = open_store(dataclasses.replace(source, pictures=pictures, resume=pictures), 20, tmp_path / "store")
    assert seen[0] == "train row 256" and len(seen) == 44
    assert store.info["digest"] == whole.info["digest"] and np.array_equal(store.train, whole.train)


def test_an_empty_cell_of_a_data_set_is_an_unreadable_picture(hub_server, repo_id, tmp_path):
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    cells = [{"bytes": files.png(picture(number)), "path": None} for number in range(200)]
    cells[5], cells[7] = None, {"bytes": None, "path": None}
    info = json.dumps({"info": {"features": {"image": {"_type": "Image"}}}})
    table = pa.table({"image": pa.array(cells, kind)}).replace_schema_metadata({"huggingface": info})
    parquet.write_table(table, tmp_path / "train.parquet")
    HfApi().create_repo(repo_id, repo_type="dataset")
    HfApi().upload_file(
        path_or_fileobj=tmp_path / "train.parquet", path_in_repo="train.parquet", repo_id=repo_id, repo_type="dataset"
    )
    store = stored(tmp_path, dataset_name=repo_id)
    assert store.info["unreadable"] == ["train row 5 (the cell is empty)", "train row 7 (the cell is empty)"]
    assert len(store.train) + len(store.held_out) == 198


@pytest.mark.parametrize(
    "wanted, words",
    [
        (
            {"dataset_config_name": "faces", "image_column": "id"},
            "no column of pictures called id; those it has: image, thumbnail.",
        ),
        ({"dataset_config_name": "nonsense"}, "cannot be read: .*nonsense"),
        ({}, "cannot be read: .*faces"),
        ({"dataset_config_name": "faces", "dataset_split": "dev"}, "cannot be read: .*dev"),
    ],
)
def test_what_a_data_set_lacks_is_named(data_set, tmp_path, wanted, words):
    with pytest.raises(UserError, match=words):
        sources.find(DataSettings(dataset_name=data_set, **wanted))


@pytest.mark.parametrize(
    "closed, words",
    [({"private": True}, "is not on the Hub, or is private"), ({"gated": "denied"}, "is gated: ask for access")],
)
def test_a_closed_data_set_says_what_it_needs(hub_server, data_set, tmp_path, monkeypatch, closed, words):
    hub_server.change(data_set, kind="dataset", **closed)
    monkeypatch.setenv("HF_TOKEN", "")
    with pytest.raises(UserError, match=words):
        stored(tmp_path, dataset_name=data_set, dataset_config_name="faces")


def test_options_of_a_data_set_are_refused_without_one(tmp_path):
    with pytest.raises(UserError, match="--image_column goes with --dataset_name"):
        sources.find(DataSettings(train_data_dir=tmp_path, image_column="image"))
    assert DataSettings(dataset_name="a/b", image_column="face").data_arguments() == [
        "--dataset_name",
        "a/b",
        "--image_column",
        "face",
    ]


# --- a Space ------------------------------------------------------------------------------------------------------


def space_files(space: str) -> set[str]:
    return {file.rfilename for file in HfApi().repo_info(space, repo_type="space").siblings}


def test_deploy_twice(hub_server, repo_id, run):
    done = run("-m", "gan.hub", "deploy", repo_id, "--model", "alice/faces@main")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"Deployed to {HUB}/spaces/{repo_id}\n"
    files = space_files(repo_id)
    assert {
        "app.py",
        "README.md",
        "requirements.txt",
        "LICENSE",
        "gan/hub/__init__.py",
        "gan/serve/page/static/link.js",
        f"weights/{DEFAULT}/generator.safetensors",
        "docs/gallery.webp",
        "benchmarks/quality.md",  # the README links to it
        "SECURITY.md",
    } <= files
    page_only = Path(hf_hub_download(repo_id, "requirements.txt", repo_type="space")).read_text()
    assert page_only == (ROOT / "requirements-page.txt").read_text() and "\n-r" not in page_only
    assert {path.relative_to(ROOT).as_posix() for path in (ROOT / "weights").rglob("*.safetensors")} <= files
    assert not [
        name
        for name in files
        if name.startswith(("gan/train", "gan/generate", "train_", "tests", "runs", ".ci", ".venv"))
        or name.startswith("benchmarks/")
        and name.endswith(".py")
        or name.startswith("requirements-")
        or "__pycache__" in name
    ]
    assert HfApi().get_space_variables(repo_id)["SEEDFACES_MODEL"].value == "alice/faces@main"
    readme = open(hf_hub_download(repo_id, "README.md", repo_type="space")).read()
    assert f"thumbnail: {HUB}/spaces/{repo_id}/resolve/main/weights/{DEFAULT}/samples.png\n" in readme
    local = (ROOT / "weights" / DEFAULT / "generator.safetensors").read_bytes()
    assert (
        open(hf_hub_download(repo_id, f"weights/{DEFAULT}/generator.safetensors", repo_type="space"), "rb").read()
        == local
    )
    for gone in ("gan/gone.py", "gan/train/loop.py"):  # a file that an earlier version deployed
        HfApi().upload_file(path_or_fileobj=b"old", path_in_repo=gone, repo_id=repo_id, repo_type="space")
    assert spaces.deploy(repo_id) == f"{HUB}/spaces/{repo_id}"  # again, with the embedded weights
    assert space_files(repo_id) == files and "SEEDFACES_MODEL" not in HfApi().get_space_variables(repo_id)


@pytest.mark.parametrize("model", ["no such", "faces", "/tmp/faces", "alice/faces@"])
def test_a_space_is_not_told_to_show_what_has_no_name(hub_server, repo_id, model):
    with pytest.raises(UserError, match=f"^--model {model}: write it as user/name or user/name@revision.$"):
        spaces.deploy(repo_id, model)
    assert not HfApi().repo_exists(repo_id, repo_type="space")


def test_a_space_starts_without_the_trainer(hub_server, repo_id, tmp_path):
    """A Space's files alone, where only the packages of its requirements.txt, and what they need, can be imported."""
    spaces.deploy(repo_id)
    snapshot_download(repo_id, repo_type="space", local_dir=tmp_path)
    absent = requirements.modules_without(requirements.named("requirements-page.txt"))
    assert {"accelerate", "datasets", "matplotlib", "pytest"} <= absent and "gradio" not in absent
    code = f"import sys; sys.modules |= dict.fromkeys({absent}); import app, gan.hub.__main__; print(app.__file__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == f"{tmp_path}/app.py\n", done.stderr


def test_a_space_that_is_not_ours_is_left_alone(hub_server, repo_id):
    HfApi().create_repo(repo_id, repo_type="space", space_sdk="gradio")
    HfApi().upload_file(path_or_fileobj=b"print(1)", path_in_repo="app.py", repo_id=repo_id, repo_type="space")
    with pytest.raises(UserError, match="exists and is not a SeedFaces page .gradio.: choose another name"):
        spaces.deploy(repo_id)
    assert space_files(repo_id) == {"app.py", ".gitattributes"}


def test_a_page_without_a_server_is_deployed(hub_server, repo_id, run, tmp_path):
    folder = folder_of(tmp_path / "tiny")
    pushed(folder, f"{repo_id}-weights")
    for model in (folder, f"{repo_id}-weights"):  # twice
        done = run("-m", "gan.hub", "deploy", repo_id, "--static", "--model", model)
        assert done.stdout.endswith(f"Deployed to {HUB}/spaces/{repo_id}\n"), done.stderr
    assert HfApi().repo_info(repo_id, repo_type="space").sdk == "static"
    name = weights.load_generator(folder).generator_id
    files = space_files(repo_id)
    assert {"index.html", "engine.wasm", "weights.json", "sw.js", f"weights/{name}/generator.safetensors"} <= files
    readme = Path(hf_hub_download(repo_id, "README.md", repo_type="space")).read_text(encoding="utf-8")
    assert readme.startswith("---\ntitle: SeedFaces\n") and "\nsdk: static\n" in readme
    with pytest.raises(UserError, match="exists and is not a SeedFaces page .gradio.: choose another name"):
        spaces.deploy(repo_id)
    assert space_files(repo_id) == files


@pytest.mark.parametrize(
    "token, words", [("", "needs a token"), ("hf_read", "may not write to"), ("hf_free", "takes a paid plan")]
)
def test_a_deploy_without_the_right_says_what_to_do(hub_server, repo_id, monkeypatch, token, words):
    monkeypatch.setenv("HF_TOKEN", token)
    with pytest.raises(UserError, match=words):
        spaces.deploy(repo_id, pauses=())


def test_the_tests_never_reach_the_real_hub():
    assert HfApi().endpoint == HUB and HUB.startswith("http://127.0.0.1:")


def test_directions_travel_with_the_weights_and_older_ones_too(hub_server, repo_id, tmp_path):
    folder = folder_of(tmp_path / "weights")
    dim = weights.load_generator(folder).settings.latent_dim
    for length in (1.0, 2.0):
        additions.save_directions(folder, {"age": torch.full((dim,), length)}, {})
    pushed(folder, repo_id)
    there, here = FaceModel.from_pretrained(repo_id), FaceModel(folder)
    assert [each.id for each in there.directions] == [each.id for each in here.directions]
    assert len(here.directions) == 2 and there.directions[1].of["age"].max() == 1.0


def test_a_seed_index_travels_with_the_weights(hub_server, repo_id, tmp_path):
    folder = indexed(folder_of(tmp_path / "weights"))
    pushed(folder, repo_id)
    there, here = FaceModel.from_pretrained(repo_id).seed_index, FaceModel(folder).seed_index
    assert there.id == here.id and np.array_equal(there.rows, here.rows)
