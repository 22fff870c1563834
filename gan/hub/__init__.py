"""To the Hugging Face Hub and back: check, push, pull, deploy. The only importer of huggingface_hub.

A model repo on the Hub is a weights folder, file for file. Each push is one commit, so that no reader gets half of it,
tagged `g-` and the first 12 hex digits of its generator's sha256, so that a link finds the weights that made its faces.
"""

import re
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import EntryNotFoundError, OfflineModeIsEnabled, RepositoryNotFoundError
from huggingface_hub.utils import filter_repo_objects, validate_repo_id

from gan import UserError
from gan.hub.failures import PAUSES, explained, may_pass, not_kept, retried, status_of
from gan.hub.model_card import PLACE, merged_card
from gan.hub_name import FULL_NAME
from gan.model import additions, weights
from gan.model.config import CONFIG

TIMEOUT = 10  # seconds to wait for the Hub to begin its answer
MOST_BYTES = 100_000_000  # of a weights folder; larger ones are not fetched
# the files of a weights folder, as patterns: the only ones that are fetched from a repo
PULLED = (
    CONFIG,
    weights.GENERATOR,
    weights.DISCRIMINATOR,
    additions.DIRECTIONS,
    additions.DESCRIPTOR,
    additions.SEEDS,
    f"{additions.OLDER_DIRECTIONS}/*.safetensors",
    "README.md",
    "LICENSE",
    "samples.png",
    "curves.png",
    "quality.png",
    "timeline.webp",
)
# the parts of this checkout that the page needs; only they go to a Space
DEPLOYED = ("app.py", "gan", "weights", "docs", "benchmarks", "README.md", "LICENSE")
NOT_DEPLOYED = re.compile(r"gan/train/|gan/generate\.py|benchmarks/.*\.py")


def prepare(repo_id: str, private: bool = False) -> str:
    """Make sure, before hours of training, that `repo_id` can be pushed to; create it if it does not exist.

    Returns its full name, user/name: a name alone belongs to the user of the token.

    Raises:
        UserError: no token, no permission, no network, or a wrong name; one sentence says what to do.
    """

    def attempt() -> str:
        api, full_name = HfApi(), _full_name(repo_id)
        api.create_repo(full_name, private=private or None, exist_ok=True)
        try:
            api.auth_check(full_name, write=True)
        except TypeError:  # huggingface_hub 1.x lacks `write`; create_repo has checked that the token may write
            pass
        return full_name

    return explained(lambda: retried(attempt, PAUSES[:2]), repo_id)


def push(folder: Path, repo_id: str, message: str, pauses=PAUSES) -> str:
    """Put a weights folder on the Hub as one commit, tagged with its generator. Returns the commit's sha.

    Of the card on the Hub, only the sections between our markers are replaced.

    Args:
        folder: the weights folder.
        repo_id: user/name; it exists (see `prepare`).
        message: of the commit.
        pauses: seconds before each further attempt, where one may help.

    Raises:
        UserError: the push failed; with one sentence.
    """

    def attempt() -> str:
        files = [*folder.iterdir(), *(folder / additions.OLDER_DIRECTIONS).glob("*.safetensors")]
        names = {path: path.relative_to(folder).as_posix() for path in sorted(files) if path.is_file()}
        tag = f"g-{weights.sha256(folder / weights.GENERATOR)[:12]}"
        api = HfApi()
        head = api.repo_info(repo_id).sha
        operations = [
            CommitOperationAdd(name, str(path))
            for path, name in names.items()
            if name != "README.md" and not path.name.startswith(".")
        ]
        new = (folder / "README.md").read_text(encoding="utf-8").replace(PLACE, repo_id)
        card = merged_card(_card_on_the_hub(repo_id, head), new)
        operations.append(CommitOperationAdd("README.md", card.encode()))
        # with a parent, the Hub refuses if another commit came in between; the next attempt reads that commit's card
        commit = api.create_commit(repo_id, operations, commit_message=message, parent_commit=head).oid
        api.create_tag(repo_id, tag=tag, revision=commit, exist_ok=True)
        return commit

    return explained(lambda: retried(attempt, pauses), repo_id)


def push_command(folder: Path, repo_id: str) -> str:
    """The command line that pushes a folder later."""
    return f"python -m gan.hub push {folder} {repo_id}"


def pull(repo_id: str, revision: str | None = None) -> Path:
    """Fetch a weights folder from the Hub, at a branch, tag or commit; files in the cache are not fetched again.

    All files come from one commit, whose sha is the folder's name. Without a network, or where the cache cannot be
    written, the last fetch of that revision is used.

    Raises:
        UserError: it does not exist, is not a weights folder, is too large, or the Hub cannot be reached.
    """

    def attempt() -> Path:
        info = HfApi().repo_info(repo_id, revision=revision, files_metadata=True, timeout=TIMEOUT)
        listed = filter_repo_objects(info.siblings, allow_patterns=list(PULLED), key=lambda file: file.rfilename)
        files = {file.rfilename: file.size or 0 for file in listed}
        if sum(files.values()) > MOST_BYTES:
            raise UserError(
                f"{repo_id} holds {sum(files.values()) / 1e6:.0f} MB of weights; up to {MOST_BYTES / 1e6:.0f} MB "
                "are fetched."
            )
        return fetched()

    def fetched(**options) -> Path:
        return Path(
            snapshot_download(repo_id, revision=revision, allow_patterns=list(PULLED), etag_timeout=TIMEOUT, **options)
        )

    def attempt_or_cached() -> Path:
        try:
            return retried(attempt, PAUSES[:2])
        except Exception as error:
            unreachable = isinstance(error, OfflineModeIsEnabled) or status_of(error) is None and may_pass(error)
            if not (unreachable or not_kept(error)):
                raise
            try:  # no network, or a cache that cannot be written: use an earlier fetch
                return fetched(local_files_only=True)
            except Exception:
                raise error from None

    return explained(attempt_or_cached, repo_id)


def deploy(repo_id: str, model: str = "", pauses=PAUSES) -> str:
    """Put the page of this checkout into a Gradio Space, created if it does not exist, and return its address.

    All other files of the Space are deleted.

    Args:
        repo_id: the Space, user/name, or a name alone for one of the token's user.
        model: `user/name[@revision]` on the Hub, for SEEDFACES_MODEL of the Space; empty: the embedded weights.
        pauses: seconds before each further attempt, where one may help.

    Raises:
        UserError: no token, no permission for a Gradio Space, the Space exists and is not a SeedFaces page, or `model`
            is no full name.
    """
    if model and not FULL_NAME.fullmatch(model):
        raise UserError(f"--model {model}: write it as user/name or user/name@revision.")

    def attempt() -> str:
        api, space = HfApi(), _full_name(repo_id)
        address = f"{api.endpoint}/spaces/{space}"
        held = _files_of_ours(space)
        api.create_repo(space, repo_type="space", space_sdk="gradio", exist_ok=True)
        # the Hub needs the full address of the thumbnail
        readme = (
            files["README.md"]
            .read_text(encoding="utf-8")
            .replace("thumbnail: ", f"thumbnail: {address}/resolve/main/", 1)
        )
        operations = [
            CommitOperationAdd(name, readme.encode() if name == "README.md" else str(path))
            for name, path in files.items()
        ]
        operations += [CommitOperationDelete(name) for name in sorted(held - set(files) - {".gitattributes"})]
        api.create_commit(space, operations, commit_message="Deploy SeedFaces", repo_type="space")
        if model:
            api.add_space_variable(space, "SEEDFACES_MODEL", model)
        elif "SEEDFACES_MODEL" in api.get_space_variables(space):
            api.delete_space_variable(space, "SEEDFACES_MODEL")
        return address

    files = _files_of_a_space()
    return explained(lambda: retried(attempt, pauses), repo_id)


def _files_of_a_space() -> dict[str, Path]:
    """The files of this checkout that a Space needs, by their names there."""
    root = Path(__file__).resolve().parents[2]
    files = {
        path.relative_to(root).as_posix(): path
        for part in DEPLOYED
        for path in [root / part, *(root / part).rglob("*")]
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyi"
    }
    files = {name: path for name, path in files.items() if not NOT_DEPLOYED.match(name)}
    files["requirements.txt"] = root / "requirements-page.txt"  # a Space installs what its requirements.txt names
    return files


def _full_name(repo_id: str) -> str:
    """user/name; asks the Hub whose token it is, also where the name is full, so that a bad token is found here."""
    validate_repo_id(repo_id)
    user = HfApi().whoami()["name"]
    return repo_id if "/" in repo_id else f"{user}/{repo_id}"


def _files_of_ours(space: str) -> set[str]:
    """Files that an earlier deploy put into a Space; none if it does not exist.

    Raises:
        UserError: the Space is not a SeedFaces page.
    """
    try:
        files = {file.rfilename for file in HfApi().repo_info(space, repo_type="space").siblings}
    except RepositoryNotFoundError:
        return set()
    if "gan/serve/judge.py" not in files and not files <= {".gitattributes", "README.md"}:
        raise UserError(f"The Space {space} exists and is not a SeedFaces page: choose another name.")
    return files


def _card_on_the_hub(repo_id: str, revision: str) -> str | None:
    try:
        return Path(hf_hub_download(repo_id, "README.md", revision=revision)).read_text(encoding="utf-8")
    except EntryNotFoundError:
        return None


def describe(config: dict) -> str:
    """A commit message for weights: the step and the Fréchet distance, where the config has them."""
    step = config.get("training", {}).get("steps")
    distance = config.get("metrics", {}).get("frechet_distance")
    parts = [f"Step {step:,}" if step else "Weights", f"Fréchet distance {distance['value']:.2f}" if distance else None]
    return ", ".join(filter(None, parts))
