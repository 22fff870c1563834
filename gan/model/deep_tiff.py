"""TIFF in floating point, in colour or of 64 bits, by OpenCV: Pillow refuses them."""

import struct

import numpy as np
from PIL import Image, ImageFile
from PIL.TiffImagePlugin import ImageFileDirectory_v2

# https://www.loc.gov/preservation/digital/formats/content/tiff_tags.shtml
_WIDTH, _HEIGHT, _BITS, _COLOURS, _PLANES, _KIND, _PROFILE = 256, 257, 258, 262, 284, 339, 34675
_RGB, _SEPARATE, _FLOATING = 2, 2, 3
_MOST_BYTES = 2**28  # of the values; scaling them takes twice as much


class DeepTiff(ImageFile.ImageFile):
    """A PIL image whose header was read; `values` decodes the pixels, which have no mode in Pillow.

    Raises:
        SyntaxError: it is a TIFF of another kind, or none.
        OSError: each colour is in a plane of its own, of more than 8 bits: Pillow and OpenCV mix them up. Or its tags
            are out of order.
        Image.DecompressionBombError: it is far too large.
    """

    format = "TIFF"

    def _open(self) -> None:
        head = self.fp.read(8)
        directory = ImageFileDirectory_v2(head + (self.fp.read(8) if head[2:3] == b"+" else b""))  # +: of 64 bits
        place = directory.next
        self.fp.seek(place)
        directory.load(self.fp)
        bits, kinds = (np.ravel(directory.get(tag, 1)).tolist() for tag in (_BITS, _KIND))
        if len(bits) > 1 and bits[0] > 8 and directory.get(_PLANES) == _SEPARATE:
            raise OSError("a TIFF whose colours are in separate planes: save it with interleaved colours")
        grey = bits == [64]  # those of 32 bits have a mode in Pillow
        colours = directory.get(_COLOURS) == _RGB and len(bits) in (3, 4) and bits[0] in (32, 64)
        if _FLOATING not in kinds or not (grey or colours):
            raise SyntaxError("not a deep TIFF")
        self._require_order(place, head)
        self._size = directory[_WIDTH], directory[_HEIGHT]
        if self.width * self.height * len(bits) * bits[0] // 8 > _MOST_BYTES:
            raise Image.DecompressionBombError(f"{self.width} x {self.height} pixels")
        self._mode = {1: "L", 3: "RGB", 4: "RGBA"}[len(bits)]
        self.info = {"icc_profile": directory.get(_PROFILE)}

    def _require_order(self, place: int, head: bytes) -> None:
        """A tag may be there twice: Pillow takes the last value, OpenCV the first, so no size could be trusted."""
        order, large = "<" if head[:2] == b"II" else ">", head[2:3] == b"+" or head[3:4] == b"+"
        size, count = (20, "Q") if large else (12, "H")
        self.fp.seek(place)
        (entries,) = struct.unpack(order + count, self.fp.read(struct.calcsize(count)))
        tags = [struct.unpack(order + "H", self.fp.read(size)[:2])[0] for _ in range(min(entries, 2**16))]
        if any(later <= tag for tag, later in zip(tags, tags[1:])):
            raise OSError("a TIFF with tags out of order")

    def values(self) -> np.ndarray:
        """`(H, W)`, `(H, W, 3)` or `(H, W, 4)` as they are in the file, but upright.

        Raises:
            OSError: the file is damaged, or of a kind that OpenCV does not know.
        """
        import cv2

        self.fp.seek(0)
        values = cv2.imdecode(np.frombuffer(self.fp.read(), np.uint8), cv2.IMREAD_UNCHANGED)
        if values is None:
            raise OSError("not a TIFF that can be read")
        return values if values.ndim == 2 else values[..., [2, 1, 0, 3][: values.shape[2]]]
