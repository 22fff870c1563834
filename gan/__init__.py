"""SeedFaces: a small face GAN, how it is trained, and the page that shows it."""


class UserError(Exception):
    """Something that the person at the keyboard can put right: one sentence, what is wrong and what to do.

    Programs print it and exit with status 1; anything else that is raised is a bug of ours.
    """
