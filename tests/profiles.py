"""ICC profiles of cameras, and what their colours are in sRGB."""

import struct

import numpy as np
from PIL import ImageCms

# linear RGB → XYZ at D50, of the published profiles (https://www.color.org/chardata/rgb/DCIP3.xalter, sRGB.xalter)
P3 = np.array([[0.51512, 0.29198, 0.15710], [0.24120, 0.69225, 0.06657], [-0.00105, 0.04189, 0.78407]])
SRGB = np.array([[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]])


def profile_of(matrix: np.ndarray) -> bytes:
    """An ICC profile with the curve of sRGB and other colorants, the columns of a matrix."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for index in range(struct.unpack(">I", data[128:132])[0]):
        name, place, _ = struct.unpack(">4sII", data[132 + 12 * index : 144 + 12 * index])
        if name in (b"rXYZ", b"gXYZ", b"bXYZ"):
            column = matrix[:, b"rgb".index(name[:1])]
            data[place + 8 : place + 20] = struct.pack(">3i", *np.round(column * 65536).astype(int))
    return bytes(data)


P3_PROFILE = profile_of(P3)


def p3_in_srgb(pixels: np.ndarray) -> np.ndarray:
    """What Display P3 colours are in sRGB, by the formulas of IEC 61966-2-1."""
    values = pixels / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    linear = (linear @ P3.T @ np.linalg.inv(SRGB).T).clip(0, 1)
    return 255 * np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
