"""How all faces of a view look, beside their points. Standard library only: `gan.link` uses it."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Look:
    """What is done to every face of a view alike. It travels with the seeds, through every call from a link to the
    pixels.

    A new field is added here, applied in `gan.model.sampling`, given its range in `gan.link` and its slider in
    `gan.serve.page.sliders`; nothing between them changes.
    """

    # distance from the average face, 0 to 1.5: 1 as the generator was trained, 0 the average face itself
    variation: float = 1.0

    def __post_init__(self):
        for field in fields(self):  # a link would show -0.0 as "-0"
            object.__setattr__(self, field.name, getattr(self, field.name) + 0.0)


AS_TRAINED = Look()
