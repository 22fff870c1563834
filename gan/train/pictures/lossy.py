"""What a lossy file does to a picture."""

import io

from PIL import Image

from gan.model import images


def saved(image: Image.Image, format: str, quality: int) -> Image.Image:
    """The picture after it was saved as a lossy file and read again."""
    file = io.BytesIO()
    # WebP's slower methods only make smaller files
    image.save(file, format, quality=quality, **({"method": 0} if format == "WEBP" else {}))
    return images.decode(file.getvalue())
