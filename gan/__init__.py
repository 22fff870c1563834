"""SeedFaces: a small face GAN, how it is trained, and the page that shows it."""


class UserError(Exception):
    """Something that the person at the keyboard can put right: one sentence, what is wrong and what to do.

    Programs print it and exit with status 1; anything else that is raised is a bug of ours.
    """


def reason(error: BaseException) -> str:
    """The first line of what an exception says, or its type where it says nothing, for use inside a sentence."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]
