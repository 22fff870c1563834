import io

import numpy as np
import pytest
import torch
from PIL import Image

from gan.model import images


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def left_red_right_blue(width: int = 40, height: int = 40) -> Image.Image:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[:, : width // 2], pixels[:, width // 2 :] = (255, 0, 0), (0, 0, 255)
    return Image.fromarray(pixels)


def assert_left_red_right_blue(pixels: np.ndarray, tolerance: int = 3) -> None:
    assert pixels.shape == (16, 16, 3) and pixels.dtype == np.uint8
    assert np.abs(pixels[:, 2:6].astype(int) - (255, 0, 0)).max() <= tolerance
    assert np.abs(pixels[:, 10:14].astype(int) - (0, 0, 255)).max() <= tolerance


@pytest.mark.parametrize("kind, mode", [("PNG", "RGB"), ("PNG", "P"), ("PNG", "RGBA"), ("WEBP", "RGB"), ("BMP", "RGB")])
def test_modes_come_out_alike(kind, mode):
    data = encoded(left_red_right_blue().convert(mode), kind, **({"lossless": True} if kind == "WEBP" else {}))
    assert_left_red_right_blue(images.training_crop(images.decode(data), 16))


def test_cmyk_jpeg():
    data = encoded(left_red_right_blue().convert("CMYK"), "JPEG", quality=95)
    assert_left_red_right_blue(images.training_crop(images.decode(data), 16), tolerance=12)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_rotation_is_applied_once(kind):
    turned = left_red_right_blue().transpose(Image.Transpose.ROTATE_90)  # red is now at the bottom
    exif = Image.Exif()
    exif[0x0112] = 6  # "rotate by 90° clockwise to view": red at the bottom comes out on the left
    upright = images.decode(encoded(turned, kind, exif=exif))
    upright.load()
    assert_left_red_right_blue(images.training_crop(upright, 16), 12)


def test_transparency_lies_over_white():
    clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
    assert (np.asarray(images.decode(encoded(clear, "PNG"))) == 255).all()
    palette = Image.new("P", (20, 20), 0)
    palette.putpalette([10, 20, 30])
    assert (np.asarray(images.decode(encoded(palette, "PNG", transparency=0))) == 255).all()


def test_grey_of_8_and_16_bits_become_the_same_rgb():
    ramp = np.tile(np.linspace(0, 255, 32).astype(np.uint8), (32, 1))
    eight = np.asarray(images.decode(encoded(Image.fromarray(ramp), "PNG")))
    sixteen = np.asarray(images.decode(encoded(Image.fromarray(ramp.astype(np.uint16) * 257), "PNG")))
    assert np.array_equal(eight, np.repeat(ramp[..., None], 3, 2))
    assert np.abs(eight.astype(int) - sixteen).max() <= 1


def test_the_crop_is_the_middle_square():
    wide = Image.new("RGB", (60, 20), "white")
    wide.paste(left_red_right_blue(20, 20), (20, 0))
    assert_left_red_right_blue(images.training_crop(wide, 16), tolerance=40)
    tall = Image.new("RGB", (20, 60), "white")
    tall.paste(left_red_right_blue(20, 20), (0, 20))
    assert_left_red_right_blue(images.training_crop(tall, 16), tolerance=40)


def test_shrinking_is_antialiased():
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    pixels = images.training_crop(Image.fromarray(stripes), 16)
    assert np.abs(pixels.astype(int) - 128).max() <= 6


@pytest.mark.parametrize("data", [b"", b"no picture", encoded(left_red_right_blue(), "PNG")[:60]])
def test_broken_files_raise(data):
    with pytest.raises((OSError, SyntaxError, ValueError)):
        images.decode(data)


def test_every_grey_level_survives_conversion_to_tensors_and_back():
    pixels = torch.arange(256, dtype=torch.uint8).reshape(1, 16, 16, 1).expand(1, 16, 16, 3)
    signed = images.to_signed(pixels)
    assert signed.shape == (1, 3, 16, 16) and signed.dtype == torch.float32
    assert signed.min() == -1 and signed.max() == 1
    assert signed.is_contiguous(memory_format=torch.channels_last)
    assert np.array_equal(images.to_uint8(signed), pixels.numpy())
    assert images.to_uint8(torch.tensor([-1.5, 1.5, 0.0]).reshape(1, 3, 1, 1)).tolist() == [[[[0, 255, 128]]]]


def test_sheet_and_back():
    pixels = np.random.RandomState(0).randint(0, 256, (6, 5, 5, 3)).astype(np.uint8)
    sheet = images.sheet(pixels, columns=4)
    assert sheet.size == (20, 10)
    assert np.array_equal(np.asarray(sheet)[:5, 5:10], pixels[1])
    back = images.unsheet(sheet, 5)
    assert np.array_equal(back[:6], pixels) and (back[6:] == 255).all()
