"""Failed calls to the Hub: which are worth another attempt, and one sentence for each of the others."""

import errno
import os
import re
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
# the libraries that make connections; versions of huggingface_hub, datasets and fsspec use different ones
_CONNECTIONS = ("httpx", "httpx2", "httpcore", "aiohttp", "requests", "urllib3")
# Xet, the Hub's storage, raises RuntimeError, with a status only in the words
_XET = re.compile(r"\bCAS\b|\bxet\b|reqwest|(data processing|network|server|task|reconstruction|request) error", re.I)
_XET_REFUSES = re.compile(r"client error \((?!408|425|429)|os error (\d+)")
_NOT_WRITABLE = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}
# words of a 403 that is about the token, and of one that is about an account's means
_RIGHTS = re.compile(r"token|rights?\b|permission|access|authori[sz]|namespace|^forbidden\W*$", re.I)
_MEANS = re.compile(r"storage|quota|limit|plan\b|billing|payment", re.I)
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
    # no answer: the connection failed
    return is_of_xet(error) or any(
        type(cause).__module__.split(".")[0] in _CONNECTIONS or isinstance(cause, (ConnectionError, TimeoutError))
        for cause in _causes(error)
    )


def is_of_xet(error: BaseException) -> bool:
    """Whether an upload or download through Xet failed, in a way that another attempt may mend."""
    return any(
        type(cause).__name__ in ("XetDownloadError", "XetAuthenticationError")  # a new attempt gets a new token
        or isinstance(cause, RuntimeError)
        and _XET.search(str(cause))
        and not _XET_REFUSES.search(str(cause))
        for cause in _causes(error)
    )


def not_kept(error: BaseException) -> OSError | None:
    """The error of a disk that is full or not writable, if that is what happened."""
    for cause in _causes(error):
        # Xet has the number in its words only
        words = re.search(r"os error (\d+)", str(cause)) if isinstance(cause, RuntimeError) else None
        number = int(words[1]) if words else getattr(cause, "errno", None)
        if number in _NOT_WRITABLE:
            return OSError(number, os.strerror(number))
    return None


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
    words = _words_of(error)
    if status == 403 and words and (_MEANS.search(words) or not _RIGHTS.search(words)):
        return f"The Hub refuses {repo_id}: {words.rstrip('.')}."
    if status == 403:
        return f"The token may not write to {repo_id}: use one with write access, of an account that owns the repo."
    if is_a(OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set, so the Hub cannot be asked: unset it."
    if status is not None:
        return f"The Hub answered {status} for {repo_id} ({reason(error)}): try again later."
    if is_of_xet(error):
        return f"The Hub's storage failed ({reason(error)}): try again, or set HF_HUB_DISABLE_XET=1."
    if may_pass(error):
        return f"The Hub cannot be reached ({reason(error)}): check the network and try again."
    if full := not_kept(error):
        return f"What the Hub sends cannot be kept here ({full.strerror}): set HF_HOME to a folder with room to write."
    words = error.strerror if isinstance(error, OSError) and error.strerror else reason(error)
    return f"The Hub and {repo_id}: {words.rstrip('.')}."


def _words_of(error: BaseException) -> str:
    """What the Hub says about a refusal, on one line; empty if it says nothing."""
    words = next((words for cause in _causes(error) if (words := getattr(cause, "server_message", None))), "")
    return " ".join(words.split())[:400]


def explain_data_set(error: BaseException, name: str) -> str:
    """One sentence about a failed call of `datasets`, which has messages of its own for gated and private data sets."""
    words = str(error)
    if "gated" in words:
        return _GATED.format(name)
    if "doesn't exist on the Hub" in words:
        return _ABSENT.format(name)
    known = status_of(error) is not None or may_pass(error) or not_kept(error)
    # nearly the whole message: names of configurations and splits come last
    return (
        explain(error, name)
        if known
        else f"The data set {name} cannot be read: {' '.join(words.split())[:400].rstrip('.')}."
    )
