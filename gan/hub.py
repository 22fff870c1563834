"""To the Hugging Face Hub and back: check, push, pull, model card. The only importer of huggingface_hub.

    python -m gan.hub push WEIGHTS user/name [--private]
    python -m gan.hub deploy user/space [--model user/name]

A model repo on the Hub is a weights folder, file for file. Each push is one commit, so that a reader sees the last
complete one and never half of one, and each is tagged `g-` and the first 12 hex digits of its generator's sha256, so
that a link finds the weights that made its faces.
"""

import argparse
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    EvalResult,
    HfApi,
    ModelCard,
    ModelCardData,
    hf_hub_download,
    snapshot_download,
)
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HFValidationError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from gan import UserError, reason
from gan.model import weights

PAUSES = (1, 2, 4, 8, 16)  # seconds before each further attempt
TIMEOUT = 10  # seconds until the Hub must have begun to answer
MOST_BYTES = 100_000_000  # of weights that are fetched
# the files of a weights folder; nothing else in a repo is ever fetched
PULLED = (weights.CONFIG, weights.GENERATOR, weights.DISCRIMINATOR, "README.md", "LICENSE", "samples.png", "curves.png",
          "quality.png", "timeline.webp")
# what a Space gets of this checkout: no tests, no benchmarks, no runs
DEPLOYED = ("app.py", "gan", "weights", "docs", "requirements.txt", "README.md", "LICENSE")
_PASSING = {408, 409, 412, 425, 429, 500, 502, 503, 504}  # statuses that may be gone a moment later
PLACE = "THIS_REPO_OR_FOLDER"  # in a card that was not pushed yet, for what `from_pretrained` is given
_SECTION = re.compile(r"<!-- seedfaces:(\w+) -->.*?<!-- /seedfaces:\1 -->", re.DOTALL)
Result = TypeVar("Result")


def prepare(repo_id: str, private: bool = False) -> None:
    """Make sure, before hours are spent, that `repo_id` can be pushed to; create it where it does not exist.

    Raises:
        UserError: no token, no right, a wrong name, or no network; with one sentence that says what to do.
    """
    def attempt():
        api = HfApi()
        api.whoami()
        api.create_repo(repo_id, private=private or None, exist_ok=True)
        try:
            api.auth_check(repo_id, write=True)
        except TypeError:  # huggingface_hub 1.x cannot ask that; creating has asked for a token that may write
            pass

    _explained(lambda: _retried(attempt, PAUSES[:2]), repo_id)


def push(folder: Path, repo_id: str, message: str, pauses=PAUSES) -> str:
    """Put a weights folder on the Hub as one commit, tagged with its generator. Returns the commit's sha.

    What somebody wrote into the card on the Hub stays; only what lies between our markers is replaced.

    Raises:
        UserError: it did not work, after as many further attempts as there are pauses, with one sentence.
    """
    def attempt() -> str:
        api = HfApi()
        head = api.repo_info(repo_id).sha
        operations = [CommitOperationAdd(path.name, str(path)) for path in files if path.name != "README.md"]
        new = (folder / "README.md").read_text().replace(PLACE, repo_id)
        card = merged_card(_card_on_the_hub(repo_id, head), new)
        operations.append(CommitOperationAdd("README.md", card.encode()))
        # with its parent named, a commit that came in between is noticed, and its card is read
        commit = api.create_commit(repo_id, operations, commit_message=message, parent_commit=head).oid
        api.create_tag(repo_id, tag=tag, revision=commit, exist_ok=True)
        return commit

    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    tag = f"g-{weights.sha256(folder / weights.GENERATOR)[:12]}"
    return _explained(lambda: _retried(attempt, pauses), repo_id)


def push_command(folder: Path, repo_id: str) -> str:
    """The command line that pushes a folder later."""
    return f"python -m gan.hub push {folder} {repo_id}"


def pull(repo_id: str, revision: str | None = None) -> Path:
    """Fetch a weights folder from the Hub, at a branch, tag or commit; what is in the cache is not fetched again.

    All files come from one commit, whose sha is the folder's name: no mixture of two pushes.
    Without a network, what was fetched last of that revision is what there is.

    Raises:
        UserError: it is not there, is no weights folder, is too large, or the Hub cannot be reached.
    """
    def attempt() -> Path:
        info = HfApi().repo_info(repo_id, revision=revision, files_metadata=True, timeout=TIMEOUT)
        files = {file.rfilename: file.size or 0 for file in info.siblings if file.rfilename in PULLED}
        if sum(files.values()) > MOST_BYTES:
            raise UserError(f"{repo_id} holds {sum(files.values()) / 1e6:.0f} MB of weights; up to {MOST_BYTES / 1e6:.0f} "
                            "are fetched.")
        return fetched()

    def fetched(**options) -> Path:
        return Path(snapshot_download(repo_id, revision=revision, allow_patterns=list(PULLED), etag_timeout=TIMEOUT, **options))

    def attempt_or_cached() -> Path:
        try:
            return _retried(attempt, PAUSES[:2])
        except Exception as error:
            if not (isinstance(error, OfflineModeIsEnabled) or _status(error) is None and _may_pass(error)):
                raise
            try:  # no network: what was fetched before will do
                return fetched(local_files_only=True)
            except Exception:
                raise error from None

    return _explained(attempt_or_cached, repo_id)


def deploy(repo_id: str, model: str = "", pauses=PAUSES) -> str:
    """Put this checkout into a Gradio Space, created if it does not exist, and return its address.

    Only what the page needs goes there; what it held before and this checkout has not is taken out.

    Args:
        repo_id: the Space, user/name.
        model: `user/name[@revision]` on the Hub, what SEEDFACES_MODEL says there; empty: the embedded weights.

    Raises:
        UserError: no token, no right to a Gradio Space, or a Space of that name that is not one of ours.
    """
    def attempt() -> str:
        api, address = HfApi(), f"{HfApi().endpoint}/spaces/{repo_id}"
        api.whoami()
        held = _files_of_ours(repo_id)
        api.create_repo(repo_id, repo_type="space", space_sdk="gradio", exist_ok=True)
        # the Hub wants the thumbnail's whole address
        readme = files["README.md"].read_text().replace("thumbnail: ", f"thumbnail: {address}/resolve/main/", 1)
        operations = [CommitOperationAdd(name, readme.encode() if name == "README.md" else str(path))
                      for name, path in files.items()]
        operations += [CommitOperationDelete(name) for name in sorted(held - set(files) - {".gitattributes"})]
        api.create_commit(repo_id, operations, commit_message="Deploy SeedFaces", repo_type="space")
        if model:
            api.add_space_variable(repo_id, "SEEDFACES_MODEL", model)
        elif "SEEDFACES_MODEL" in api.get_space_variables(repo_id):
            api.delete_space_variable(repo_id, "SEEDFACES_MODEL")
        return address

    root = Path(__file__).resolve().parent.parent
    files = {path.relative_to(root).as_posix(): path for part in DEPLOYED for path in [root / part, *(root / part).rglob("*")]
             if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyi"}
    return _explained(lambda: _retried(attempt, pauses), repo_id)


def _files_of_ours(space: str) -> set[str]:
    """What an earlier deploy put into a Space; nothing where there is none.

    Raises:
        UserError: the Space is something else.
    """
    try:
        files = {file.rfilename for file in HfApi().repo_info(space, repo_type="space").siblings}
    except RepositoryNotFoundError:
        return set()
    if "gan/serve/share_link.py" not in files and not files <= {".gitattributes", "README.md"}:
        raise UserError(f"The Space {space} exists and is not a SeedFaces page: choose another name.")
    return files


# --- the model card -----------------------------------------------------------------------------------------------


def section(name: str, text: str) -> str:
    """A part of a card that is made anew with every push; what stands outside of such parts is for people."""
    return f"<!-- seedfaces:{name} -->\n{text.strip()}\n<!-- /seedfaces:{name} -->"


def card(body: str, name: str, data_name: str, metrics: dict[str, float]) -> str:
    """A model card: the front matter that the Hub reads, with the metrics, and a body in Markdown."""
    results = [EvalResult(task_type="unconditional-image-generation", dataset_type="image-folder", dataset_name=data_name,
                          metric_type=metric, metric_value=value) for metric, value in metrics.items()]
    data = ModelCardData(
        license="other", license_name="as-the-training-data", license_link="LICENSE", library_name="seedfaces",
        pipeline_tag="unconditional-image-generation", tags=["gan", "dcgan", "face-generation"],
        **({"model_name": name, "eval_results": results} if results else {}))
    return f"---\n{data.to_yaml()}\n---\n{body.lstrip()}"


def merged_card(old: str | None, new: str) -> str:
    """The new card with the prose of the old one.

    Sections between markers come from the new card; one that somebody took out stays out. A card without any marker is
    kept whole, and the sections follow it. Front matter: fields of ours are renewed, fields of others stay.
    """
    if not old:
        return new
    old_card, new_card = ModelCard(old, ignore_metadata_errors=True), ModelCard(new)
    sections = {match[1]: match[0] for match in _SECTION.finditer(new_card.text)}
    if _SECTION.search(old_card.text):
        text = _SECTION.sub(lambda match: sections.get(match[1], ""), old_card.text)
    else:
        text = "\n\n".join([old_card.text.rstrip(), *sections.values()]) + "\n"
    fields = ModelCardData(**{**old_card.data.to_dict(), **new_card.data.to_dict()}, ignore_metadata_errors=True)
    return f"---\n{fields.to_yaml()}\n---\n{text.lstrip()}"


def _card_on_the_hub(repo_id: str, revision: str) -> str | None:
    try:
        return Path(hf_hub_download(repo_id, "README.md", revision=revision)).read_text()
    except EntryNotFoundError:
        return None


# --- what can go wrong --------------------------------------------------------------------------------------------


def _retried(attempt: Callable[[], Result], pauses) -> Result:
    """The result of `attempt`, tried again after each pause while what fails may pass."""
    for pause in pauses:
        try:
            return attempt()
        except Exception as error:
            if not _may_pass(error):
                raise
        time.sleep(pause)
    return attempt()


def _causes(error: BaseException | None):
    """An exception and what it came from: the client wraps what goes wrong in an upload."""
    while error:
        yield error
        error = error.__cause__


def _status(error: BaseException) -> int | None:
    answers = (getattr(cause, "response", None) for cause in _causes(error))
    return next((answer.status_code for answer in answers if answer is not None), None)


def _may_pass(error: Exception) -> bool:
    """Whether the same call may work a moment later: a busy or restarting server, another commit, a broken connection."""
    status = _status(error)
    if status is not None:
        return status in _PASSING
    # without an answer: the connection. huggingface_hub 1.x and 2.x raise those of two different libraries
    return any(type(cause).__module__.split(".")[0] in ("httpx", "httpx2", "httpcore")
               or isinstance(cause, (ConnectionError, TimeoutError)) for cause in _causes(error))


def _explained(call: Callable[[], Result], repo_id: str) -> Result:
    """The result of `call`, or its failure as one sentence that says what to do."""
    try:
        return call()
    except UserError:
        raise
    except Exception as error:
        raise UserError(explain(error, repo_id)) from error


def explain(error: BaseException, repo_id: str) -> str:
    """One sentence about a failed call to the Hub, and what to do."""
    def is_a(*kinds) -> bool:
        return any(isinstance(cause, kinds) for cause in _causes(error))

    status = _status(error)
    if is_a(HFValidationError):
        return f"“{repo_id}” is not the name of a repo on the Hub: write it as user/name."
    if is_a(LocalTokenNotFoundError) or status == 401 and not is_a(RepositoryNotFoundError):
        return "The Hub needs a token, and there is none or it is not valid: run `hf auth login`, or set HF_TOKEN."
    if is_a(GatedRepoError):
        return f"{repo_id} is gated: ask for access on its page on the Hub, and set HF_TOKEN to a token of that account."
    if is_a(RevisionNotFoundError):
        return f"{repo_id} exists on the Hub, but not the revision that was asked for."
    if is_a(RepositoryNotFoundError):
        return f"{repo_id} is not on the Hub, or is private and HF_TOKEN may not read it: check the name and the token."
    if is_a(EntryNotFoundError):
        return f"{repo_id} on the Hub lacks a file of a weights folder ({reason(error)})."
    if status == 402:
        return (f"The account may not have the Gradio Space {repo_id} on a plain CPU: that takes a paid plan. On a free one, "
                "create the Space by hand with ZeroGPU as its hardware, and deploy again.")
    if status == 403:
        return f"The token may not write to {repo_id}: use one with write access, of an account that owns the repo."
    if is_a(OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set, so the Hub cannot be asked: unset it."
    if status is not None:
        return f"The Hub answered {status} for {repo_id} ({reason(error)}): try again later."
    if _may_pass(error):
        return f"The Hub cannot be reached ({reason(error)}): check the network and try again."
    return f"The Hub and {repo_id}: {reason(error).rstrip('.')}."


def explain_data_set(error: BaseException, name: str) -> str:
    """The same about a data set, whose library tells of gates and closed doors in words of its own."""
    words = str(error)
    if "gated" in words:
        return f"{name} is gated: ask for access on its page on the Hub, and set HF_TOKEN to a token of that account."
    if "doesn't exist on the Hub" in words:
        return f"{name} is not on the Hub, or is private and HF_TOKEN may not read it: check the name and the token."
    known = _status(error) is not None or _may_pass(error)
    # all of what it says: which configurations or splits there are comes last
    return explain(error, name) if known else f"The data set {name} cannot be read: {' '.join(words.split())[:400].rstrip('.')}."


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gan.hub", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    pushing = commands.add_parser("push", help="put a weights folder into a model repo, as one commit")
    pushing.add_argument("folder", type=Path, help="the weights folder, say runs/faces/weights")
    pushing.add_argument("repo_id", help="user/name; created if it does not exist")
    pushing.add_argument("--private", action="store_true", help="when the repo is created, make it private")
    deploying = commands.add_parser("deploy", help="put this checkout into a Gradio Space")
    deploying.add_argument("repo_id", help="the Space, user/name; created if it does not exist")
    deploying.add_argument("--model", default="", help="user/name[@revision] of weights on the Hub; default: the embedded ones")
    given = parser.parse_args()
    if given.command == "deploy":
        print(f"Deployed to {deploy(given.repo_id, given.model)}")
        return
    loaded = weights.load(given.folder)  # nothing damaged leaves this machine
    prepare(given.repo_id, given.private)
    commit = push(given.folder, given.repo_id, describe(loaded.config))
    print(f"Pushed {given.folder} to {given.repo_id} as commit {commit[:8]}, tag g-{loaded.generator_id}.")


def describe(config: dict) -> str:
    """A commit message: how far the training was and how good its faces are."""
    step = config.get("training", {}).get("steps")
    distance = config.get("metrics", {}).get("frechet_distance")
    parts = [f"Step {step:,}" if step else "Weights", f"Fréchet distance {distance['value']:.2f}" if distance else None]
    return ", ".join(filter(None, parts))


if __name__ == "__main__":
    try:
        main()
    except UserError as error:
        sys.exit(f"Error: {error}")
