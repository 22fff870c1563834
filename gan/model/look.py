"""How all faces of a view look, beside their points. Standard library only: `gan.link` uses it."""

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Look:
    """What is done to every face of a view alike. It travels with the seeds, through every call from a link to the
    pixels.

    A new attribute is added here and in `gan/web/static/look.js`, given its slider in `gan.parts.sliders`, and
    learned with `gan.train.attributes`; nothing between them changes.
    """

    # distance from the average face, 0 to 1.5: 1 as the generator was trained, 0 the average face itself
    variation: float = 1.0
    # by how many standard deviations of the generator's own faces each attribute is moved, -3 to 3
    age: float = 0.0
    masculine: float = 0.0
    smile: float = 0.0
    glasses: float = 0.0
    beard: float = 0.0
    hair: float = 0.0
    bangs: float = 0.0
    turn: float = 0.0
    # along which directions: first 12 hex digits of the sha256 of their file; empty: those that the weights have now
    directions: str = ""

    def __post_init__(self):
        for field in fields(self):
            if field.type is float:  # a link would show -0.0 as "-0"
                object.__setattr__(self, field.name, getattr(self, field.name) + 0.0)
        if not self.moved:
            object.__setattr__(self, "directions", "")

    @property
    def moved(self) -> dict[str, float]:
        """The attributes that are moved, by name."""
        return {name: value for name in ATTRIBUTES if (value := getattr(self, name))}


ATTRIBUTES = tuple(field.name for field in fields(Look) if field.type is float and field.default == 0)
AS_TRAINED = Look()
