"""The sliders of a look: what they are called. Nothing else on the pages names these fields."""

# for each field of a look, label and step of its slider; `info` says where left and right lead, unless
# they are less and more
CONTROLS = {
    "variation": {"label": "Variation", "info": "1 as trained, less is closer to the average", "step": 0.05}
} | {
    name: {"label": label, "info": ends, "step": 0.5}
    for name, label, ends in (
        ("age", "Age", "younger – older"),
        ("masculine", "More feminine / more masculine", None),
        ("smile", "Smile", None),
        ("glasses", "Glasses", None),
        ("beard", "Beard", None),
        ("hair", "Hair", "lighter – darker"),
        ("bangs", "Bangs", None),
        ("turn", "Head turn", "left – right"),
    )
}
