"""Weights to the Hugging Face Hub and back: check, push, pull. This package is the only importer of huggingface_hub.

A model repo on the Hub is a weights folder, file for file. Each push is one commit, so that no reader gets half of it,
tagged `g-` and the first 12 hex digits of its generator's sha256, so that a link finds the weights that made its faces.
"""

from pathlib import Path

from huggingface_hub import CommitOperationAdd, HfApi, hf_hub_download, snapshot_download
from huggingface_hub.errors import EntryNotFoundError, OfflineModeIsEnabled
from huggingface_hub.utils import filter_repo_objects, validate_repo_id

from gan import UserError
from gan.hub.failures import PAUSES, explained, may_pass, not_kept, retried, status_of
from gan.hub.model_card import PLACE, merged_card
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


def prepare(repo_id: str, private: bool = False) -> str:
    """Make sure, before hours of training, that `repo_id` can be pushed to; create it if it does not exist.

    Returns its full name, user/name: a name alone belongs to the user of the token.

    Raises:
        UserError: no token, no permission, no network, or a wrong name; one sentence says what to do.
    """

    def attempt() -> str:
        api, name = HfApi(), full_name(repo_id)
        api.create_repo(name, private=private or None, exist_ok=True)
        try:
            api.auth_check(name, write=True)
        except TypeError:  # huggingface_hub 1.x lacks `write`; create_repo has checked that the token may write
            pass
        return name

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


def full_name(repo_id: str) -> str:
    """user/name; asks the Hub whose token it is, also where the name is full, so that a bad token is found here."""
    validate_repo_id(repo_id)
    user = HfApi().whoami()["name"]
    return repo_id if "/" in repo_id else f"{user}/{repo_id}"


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
