"""Re-encodes one photo, alone in its process: bytes on stdin, fresh pixels on stdout.

Run as a file, without Django, without the project's environment and under rlimits: what
a hostile picture can do to its decoder stays here. Output: one line of JSON
`{"width", "height"}`, then the WebP. Exit 2, nothing written, when the picture is refused.
"""

import io
import json
import resource
import sys
import warnings

from PIL import Image

MAX_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 50_000_000
MAX_SIDE = 2048
FORMATS = ("JPEG", "PNG", "WEBP")
# Address space: libwebp decodes 50 Mpx into two RGBA canvases, Pillow copies them twice.
LIMITS = {
    resource.RLIMIT_AS: 1024 * 1024 * 1024,
    resource.RLIMIT_CPU: 10,
    resource.RLIMIT_FSIZE: 0,
    resource.RLIMIT_CORE: 0,
}
REFUSED = 2
# EXIF orientation (tag 0x0112) → what puts the pixels upright, so that EXIF can go.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def reencode(raw: bytes) -> tuple[bytes, int, int]:
    """Return (WebP, width, height) of the first frame, upright, at most 2048 px, on white.

    Raises OSError, ValueError, SyntaxError, MemoryError or Image.DecompressionBomb* when
    the bytes are not a sound JPEG, PNG or WebP of at most 50 Mpx.
    """
    with Image.open(io.BytesIO(raw), formats=FORMATS) as source:
        # The header alone so far: nothing is decoded for a picture too large.
        if source.width * source.height > MAX_PIXELS:
            raise ValueError("too many pixels")
        source.draft("RGB", (MAX_SIDE, MAX_SIDE))
        orientation = source.getexif().get(0x0112, 1)
        source.load()
        small = _shrunk(source)
    turn = TURNS.get(orientation)
    upright = small if turn is None else small.transpose(turn)
    # Pasting copies pixels and nothing else: whatever Pillow keeps in `info` (comment, EXIF,
    # XMP, ICC) stays behind with the old image.
    fresh = Image.new("RGB", upright.size, "white")
    fresh.paste(upright, mask=upright.getchannel("A"))
    encoded = io.BytesIO()
    fresh.save(encoded, "WEBP", quality=80, method=4)
    return encoded.getvalue(), fresh.width, fresh.height


def _shrunk(source: Image.Image) -> Image.Image:
    """Return an RGBA copy of at most MAX_SIDE, reduced first so that the copies stay small."""
    factor = max(source.size) // MAX_SIDE
    # A palette cannot be averaged: those are converted whole, and are one byte per pixel.
    pixels = source.convert("RGBA") if source.mode in {"P", "1", "I", "I;16", "PA"} else source
    if factor > 1:
        pixels = pixels.reduce(factor)
    pixels = pixels.convert("RGBA")
    pixels.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
    return pixels


def main() -> int:
    """Serve one picture; see the module's docstring."""
    for limit, value in LIMITS.items():
        resource.setrlimit(limit, (value, value))
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    if not raw or len(raw) > MAX_BYTES:
        return REFUSED
    try:
        encoded, width, height = reencode(raw)
    except Exception as error:  # decoders raise anything; whatever it is, fail closed
        sys.stderr.write(f"{type(error).__name__}\n")
        return REFUSED
    sys.stdout.buffer.write(json.dumps({"width": width, "height": height}).encode() + b"\n" + encoded)
    return 0


if __name__ == "__main__":
    sys.exit(main())
