"""How any picture becomes one that Moodle can read: upright, square, small, JPEG."""

from io import BytesIO

from PIL import BmpImagePlugin, GifImagePlugin, Image, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from syncd.tools.cells import Unfit

SIDE = 512
"""Pixels: the largest form in which Moodle keeps a user's picture."""

QUALITY = 88
"""Of the JPEG. Moodle makes its own forms from it at 90."""

FORMATS = tuple(
    decoder.format
    for decoder in (
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        GifImagePlugin.GifImageFile,
        WebPImagePlugin.WebPImageFile,
        BmpImagePlugin.BmpImageFile,
    )
)
"""What is read: the fewer decoders an upload can reach, the better."""

_CURE = "Save the picture as JPEG or PNG, and put it into the archive again."

# Pillow only warns of a picture that is somewhat too large; the limit here is our own, and an error.
Image.MAX_IMAGE_PIXELS = None


def portrait(content: bytes, most_pixels: int) -> bytes:
    """The middle square of a picture as JPEG, at most 512 pixels wide, upright, without what it says of itself.

    Raises `Unfit` (`picture-broken`, `picture-large`).
    """
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as picture:
            _check_size(picture, most_pixels)
            # JPEG alone can be read at a fraction of its size, which costs a fraction of the time and memory.
            picture.draft("RGB", (SIDE, SIDE))
            upright = _plain(_upright(picture))
    except Unfit:
        raise
    except Exception as error:  # a decoder may raise anything when it meets bytes that are no picture
        raise Unfit("picture-broken", "the file holds no picture that can be read", cure=_CURE) from error
    side = min(SIDE, *upright.size)
    made = BytesIO()
    ImageOps.fit(upright, (side, side), Image.Resampling.LANCZOS).save(made, "JPEG", quality=QUALITY)
    return made.getvalue()


def _check_size(picture: Image.Image, most: int) -> None:
    pixels = picture.width * picture.height
    if pixels > most:
        raise Unfit(
            "picture-large",
            f"the picture has {picture.width} by {picture.height} pixels, which is more than {most}",
            cure="Make the picture smaller, or let the administrator raise most_pixels.",
        )


def _upright(picture: Image.Image) -> Image.Image:
    picture.load()
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # what the camera noted is damaged; the picture is not
        return picture


def _plain(picture: Image.Image) -> Image.Image:
    """Without palette and transparency, on white."""
    if picture.mode == "I;16":
        picture = picture.point(lambda depth: depth / 256).convert("L")
    if picture.has_transparency_data:
        layered = picture.convert("RGBA")
        white = Image.new("RGBA", layered.size, "white")
        return Image.alpha_composite(white, layered).convert("RGB")
    return picture.convert("RGB")
