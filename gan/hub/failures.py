"""Failed calls to the Hub: which are worth another attempt, and one sentence for each of the others."""

import time
from collections.abc import Callable
from typing import TypeVar

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

PAUSES = (1, 2, 4, 8, 16)  # seconds before each further attempt
_PASSING = {408, 409, 412, 425, 429, 500, 502, 503, 504}  # HTTP statuses after which another attempt may work
_GATED = "{} is gated: ask for access on its page on the Hub, and set HF_TOKEN to a token of that account."
_ABSENT = "{} is not on the Hub, or is private and HF_TOKEN may not read it: check the name and the token."
Result = TypeVar("Result")


def retried(attempt: Callable[[], Result], pauses) -> Result:
    """The result of `attempt`, tried again after each pause, in seconds, while another attempt may work."""
    for pause in pauses:
        try:
            return attempt()
        except Exception as error:
            if not may_pass(error):
                raise
        time.sleep(pause)
    return attempt()


def _causes(error: BaseException | None):
    """An exception and its causes: the client wraps exceptions of an upload in others."""
    while error:
        yield error
        error = error.__cause__


def status_of(error: BaseException) -> int | None:
    """The HTTP status of the Hub's answer; None if there was no answer."""
    answers = (getattr(cause, "response", None) for cause in _causes(error))
    return next((answer.status_code for answer in answers if answer is not None), None)


def may_pass(error: Exception) -> bool:
    """Whether another attempt may work: the server is busy, a commit came in between, the connection broke."""
    status = status_of(error)
    if status is not None:
        return status in _PASSING
    # no answer: the connection failed; huggingface_hub 1.x and 2.x raise errors of different libraries
    return any(
        type(cause).__module__.split(".")[0] in ("httpx", "httpx2", "httpcore")
        or isinstance(cause, (ConnectionError, TimeoutError))
        for cause in _causes(error)
    )


def explained(call: Callable[[], Result], repo_id: str) -> Result:
    """The result of `call`.

    Raises:
        UserError: it failed; one sentence says what to do.
    """
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

    status = status_of(error)
    if is_a(HFValidationError):
        return f"“{repo_id}” is not the name of a repo on the Hub: write it as user/name."
    if is_a(LocalTokenNotFoundError) or status == 401 and not is_a(RepositoryNotFoundError):
        return "The Hub needs a token, and there is none or it is not valid: run `hf auth login`, or set HF_TOKEN."
    if is_a(GatedRepoError):
        return _GATED.format(repo_id)
    if is_a(RevisionNotFoundError):
        return f"{repo_id} exists on the Hub, but does not have that revision."
    if is_a(RepositoryNotFoundError):
        return _ABSENT.format(repo_id)
    if is_a(EntryNotFoundError):
        return f"{repo_id} on the Hub lacks a file of a weights folder ({reason(error)})."
    if status == 402:
        return (
            f"The Gradio Space {repo_id} on a plain CPU takes a paid plan: on a free account, create the Space by hand "
            "with ZeroGPU as its hardware, and deploy again."
        )
    if status == 403:
        return f"The token may not write to {repo_id}: use one with write access, of an account that owns the repo."
    if is_a(OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set, so the Hub cannot be asked: unset it."
    if status is not None:
        return f"The Hub answered {status} for {repo_id} ({reason(error)}): try again later."
    if may_pass(error):
        return f"The Hub cannot be reached ({reason(error)}): check the network and try again."
    # a full disk, say; its path must not reach visitors of a page
    words = error.strerror if isinstance(error, OSError) and error.strerror else reason(error)
    return f"The Hub and {repo_id}: {words.rstrip('.')}."


def explain_data_set(error: BaseException, name: str) -> str:
    """One sentence about a failed call of `datasets`, which has messages of its own for gated and private data sets."""
    words = str(error)
    if "gated" in words:
        return _GATED.format(name)
    if "doesn't exist on the Hub" in words:
        return _ABSENT.format(name)
    known = status_of(error) is not None or may_pass(error)
    # nearly the whole message: names of configurations and splits come last
    return (
        explain(error, name)
        if known
        else f"The data set {name} cannot be read: {' '.join(words.split())[:400].rstrip('.')}."
    )
