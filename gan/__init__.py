"""SeedFaces: a small face GAN, how it is trained, and the page that shows it."""


class UserError(Exception):
    """Something that the user can put right: one sentence, what is wrong and what to do.

    Programs print it and exit with status 1; any other exception is a bug.
    """


def reason(error: BaseException) -> str:
    """The first line of an exception's message, or its type if it has none, for use inside a sentence."""
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]
