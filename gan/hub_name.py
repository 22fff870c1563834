"""Names of repos on the Hugging Face Hub, as people paste them. Stdlib only."""

import re

FULL_NAME = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?")
# the page of a model, a data set or a Space, with or without a revision
_PAGE = re.compile(
    r"(?:(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/|hf://)(?:models/|datasets/|spaces/)?"
    r"((?!models/|datasets/|spaces/)[\w.-]+/[\w.-]+)"
    r"(?:@([\w./-]+)|/(?:tree|blob|resolve|commit)/([\w.-]+)(?:/.*)?|/(?:viewer|discussions)(?:/.*)?)?/?(?:[?#].*)?"
)


def hub_name(text: str) -> str:
    """`https://huggingface.co/user/name/tree/revision` → `user/name@revision`; any other text without space around."""
    text = text.strip()
    match = _PAGE.fullmatch(text)
    if not match:
        return text
    revision = match[2] or match[3] or ""
    return match[1] + (f"@{revision}" if revision not in ("", "main") else "")
