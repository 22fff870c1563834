"""The texts of a detector's model card and licence."""

CARD = """---
license: other
license_name: as-the-training-data
license_link: LICENSE
library_name: seedfaces
tags: [face-generation, gan, detection]
---
# Real or generated: a detector of small face GANs

{trust}

The discriminator of a face GAN, trained further on the faces of finished generators. It judges a square around a face.
Each place of its last layer adds a share to the logit, and the shares are shown as a heat map. What other generators
leave is looked for in power spectra of the face at the picture's own resolution, by a linear model.

```python
from pathlib import Path
from gan.serve.files import read_picture
from gan.serve.judge import Judge

print(Judge("weights/detector").verdict(read_picture(Path("photo.jpg").read_bytes())).verdict)
```

## How it was made

Real pictures: the training splits of {sets}. Generated pictures: faces of {count} generators, most of them earlier
states of one another; half of the faces have a variation other than 1. Both got the same random degradations: resized
by 0.5 to 2, blurred, recoloured, noise added, saved as JPEG or WebP, cut out of a larger picture.

{made}

## How good it is

{facts}

{table}

![AUROC by degradation and by generator, reliability]({picture})

Each data set has its own look, and generators share the look of the set that they learned from: AUROC against the real
pictures of another set says little.

{sources}
## Licence

See [LICENSE](LICENSE): the rights are those of the training pictures.
"""

SOURCES = """## Other generators, source by source

Each row by what was learned without that source.

{table}

Learned and measured in {minutes:g} minutes on {hardware}:

    {command}

"""

TRAINING = """{pictures:,} pictures in {steps:,} steps, {minutes:g} minutes on {hardware}:

    {command}"""

LICENSE = """This detector was trained on pictures from {sets}, on faces of generators that were trained on such
pictures, and, where its card lists other sources, on theirs.

It may be used as those pictures may be used, and no further. Where the pictures are for non-commercial research only
(UTKFace and CelebA are), so is this detector. It comes without any warranty.
"""
