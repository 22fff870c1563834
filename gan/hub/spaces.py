"""The page to a Space of the Hugging Face Hub: with a server (Gradio), or without one (static files)."""

import re
from collections.abc import Mapping
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import RepositoryNotFoundError

from gan import UserError
from gan.hub import full_name
from gan.hub.failures import PAUSES, explained, retried
from gan.hub_name import FULL_NAME

# the parts of this checkout that the page needs; only they go to a Gradio Space
DEPLOYED = ("app.py", "gan", "weights", "docs", "benchmarks", "README.md", "LICENSE", "SECURITY.md")
NOT_DEPLOYED = re.compile(r"gan/train/|gan/generate\.py|benchmarks/.*\.py")
# a file that only a page of ours has, by kind of Space
MARKS = {"gradio": "gan/serve/judge.py", "static": "engine.wasm"}
STATIC_README = """\
---
title: SeedFaces
emoji: 🌱
colorFrom: green
colorTo: gray
sdk: static
short_description: Every face is a number, made in your browser
license: other
tags: [gan, dcgan, face-generation, unconditional-image-generation, interpolation]
---
# SeedFaces

Every face is a number: the same seed gives everyone the same face. None of these people exist. Your browser makes the
faces, so nothing that you do here is sent anywhere.

The code is free (MIT). The weights, and the faces made with them, may be used on the terms in the LICENSE files in
`weights/`.
"""


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
        api, space = HfApi(), full_name(repo_id)
        address = f"{api.endpoint}/spaces/{space}"
        # the Hub needs the full address of the thumbnail
        readme = (
            files["README.md"]
            .read_text(encoding="utf-8")
            .replace("thumbnail: ", f"thumbnail: {address}/resolve/main/", 1)
        )
        _replace(space, "gradio", {**files, "README.md": readme.encode()})
        if model:
            api.add_space_variable(space, "SEEDFACES_MODEL", model)
        elif "SEEDFACES_MODEL" in api.get_space_variables(space):
            api.delete_space_variable(space, "SEEDFACES_MODEL")
        return address

    files = _files_of_a_space()
    return explained(lambda: retried(attempt, pauses), repo_id)


def deploy_static(repo_id: str, page: Path, pauses=PAUSES) -> str:
    """Put a page that needs no server into a static Space, created if it does not exist, and return its address.

    All other files of the Space are deleted.

    Args:
        repo_id: the Space, user/name, or a name alone for one of the token's user.
        page: the folder that `python -m gan.web.build` wrote.
        pauses: seconds before each further attempt, where one may help.

    Raises:
        UserError: no token, no permission, or the Space exists and is not such a page.
    """
    files = {path.relative_to(page).as_posix(): path for path in page.rglob("*") if path.is_file()}

    def attempt() -> str:
        space = full_name(repo_id)
        _replace(space, "static", {**files, "README.md": STATIC_README.encode()})
        return f"{HfApi().endpoint}/spaces/{space}"

    return explained(lambda: retried(attempt, pauses), repo_id)


def _replace(space: str, sdk: str, files: Mapping[str, Path | bytes]) -> None:
    """Make these the files of a Space, in one commit."""
    api, held = HfApi(), _files_of_ours(space, sdk)
    api.create_repo(space, repo_type="space", space_sdk=sdk, exist_ok=True)
    operations = [
        CommitOperationAdd(name, content if isinstance(content, bytes) else str(content))
        for name, content in files.items()
    ]
    operations += [CommitOperationDelete(name) for name in sorted(held - set(files) - {".gitattributes"})]
    api.create_commit(space, operations, commit_message="Deploy SeedFaces", repo_type="space")


def _files_of_a_space() -> dict[str, Path]:
    """The files of this checkout that a Gradio Space needs, by their names there."""
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


def _files_of_ours(space: str, sdk: str) -> set[str]:
    """Files that an earlier deploy put into a Space; none if it does not exist.

    Raises:
        UserError: the Space is not a SeedFaces page of that kind.
    """
    try:
        files = {file.rfilename for file in HfApi().repo_info(space, repo_type="space").siblings}
    except RepositoryNotFoundError:
        return set()
    # a new static Space has an example page
    if MARKS[sdk] not in files and not files <= {".gitattributes", "README.md", "index.html", "style.css"}:
        raise UserError(f"The Space {space} exists and is not a SeedFaces page ({sdk}): choose another name.")
    return files
