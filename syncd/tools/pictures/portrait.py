"""How any picture becomes one that Moodle can read: upright, square, small, JPEG."""

from io import BytesIO

from PIL import BmpImagePlugin, ExifTags, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

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


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What brings a picture upright, by what its camera noted."""


def portrait(content: bytes, most_pixels: int) -> bytes:
    """The middle square of a picture as JPEG, at most 512 pixels wide, upright, without what it says of itself.

    Takes four bytes of memory for each pixel, of most JPEGs far less. Raises `Unfit` (`picture-broken`,
    `picture-large`).
    """
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as picture:
            _check_size(picture, most_pixels)
            # JPEG alone can be read at a fraction of its size, which costs a fraction of the time and memory.
            picture.draft("RGB", (SIDE, SIDE))
            picture.load()
            turn = _turn(picture)
            square = _square(_plain(picture))
    except Unfit:
        raise
    except Exception as error:  # a decoder may raise anything when it meets bytes that are no picture
        raise Unfit("picture-broken", "the file holds no picture that can be read", cure=_CURE) from error
    made = BytesIO()
    (square if turn is None else square.transpose(turn)).save(made, "JPEG", quality=QUALITY)
    return made.getvalue()


def _check_size(picture: Image.Image, most: int) -> None:
    pixels = picture.width * picture.height
    if pixels > most:
        raise Unfit(
            "picture-large",
            f"the picture has {picture.width} by {picture.height} pixels, which is more than {most}",
            cure="Make the picture smaller, or let the administrator raise most_pixels.",
        )


def _turn(picture: Image.Image) -> Image.Transpose | None:
    try:
        return _TURNS.get(picture.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # what the camera noted is damaged; the picture is not
        return None


def _plain(picture: Image.Image) -> Image.Image:
    """In colours that can be mixed, and JPEG has: without palette; transparency stays until it is small."""
    if picture.mode == "I;16":
        return picture.point(lambda depth: depth / 256).convert("L")
    if picture.has_transparency_data:
        return picture if picture.mode == "RGBA" else picture.convert("RGBA")
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _square(picture: Image.Image) -> Image.Image:
    """The middle of a picture, small, on white."""
    width, height = picture.size
    edge = min(width, height)
    left, top = (width - edge) / 2, (height - edge) / 2
    side = min(SIDE, edge)
    middle = (left, top, left + edge, top + edge)
    small = picture.resize((side, side), Image.Resampling.LANCZOS, box=middle, reducing_gap=2.0)
    if small.mode == "RGBA":
        small = Image.alpha_composite(Image.new("RGBA", small.size, "white"), small)
    return small.convert("RGB")
