"""Photos made small on the phone: no metadata, upright, or refused in words."""

import base64
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from PIL import Image

from tests.e2e.engine import Engine

SHRINK = """async ([module, base64, type]) => {
    const { shrink, PhotoUnreadable } = await import(module);
    const bytes = Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
    try {
        const { bytes: made, ...told } = await shrink(new Blob([bytes], { type }));
        let text = "";
        for (const one of new Uint8Array(made)) text += String.fromCharCode(one);
        return { ...told, base64: btoa(text) };
    } catch (error) {
        return { refused: error.message, typed: error instanceof PhotoUnreadable };
    }
}"""


def jpeg(width: int, height: int, *, orientation: int = 1, noise: bool = False) -> bytes:
    """Return a photo as a phone takes it: red on top, place, date and model in its EXIF."""
    image = (
        Image.effect_noise((width, height), 90).convert("RGB")
        if noise
        else Image.new("RGB", (width, height), "blue")
    )
    image.paste((255, 0, 0), (0, 0, width, height // 4))
    exif = Image.Exif()
    exif[0x0110], exif[0x0112] = "Fairphone 5", orientation
    exif.get_ifd(0x8825).update({1: "N", 2: (44.0, 55.0, 30.0), 3: "E", 4: (2.0, 26.0, 0.0)})
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, exif=exif)
    return file.getvalue()


@pytest.fixture
def shrink(engine: Engine) -> Callable[..., dict[str, Any]]:
    """Return the browser's shrink(): what it says, and the bytes it made."""
    engine.page.goto(f"{engine.url}/aide/")

    def run(content: bytes, kind: str = "image/jpeg") -> dict[str, Any]:
        module = staticfiles_storage.url("js/signaler/photo.js")
        result: dict[str, Any] = engine.page.evaluate(
            SHRINK, [module, base64.b64encode(content).decode(), kind]
        )
        if "base64" in result:
            result["bytes"] = base64.b64decode(result.pop("base64"))
        return result

    return run


def test_a_photo_loses_its_metadata_and_its_weight(shrink: Callable[..., dict[str, Any]]) -> None:
    taken = jpeg(4000, 3000, noise=True)
    assert b"Exif" in taken and len(taken) > 1_000_000
    made = shrink(taken)
    assert (made["type"], made["width"], made["height"]) == ("image/jpeg", 1600, 1200)
    assert len(made["bytes"]) <= 400_000
    for trace in (b"Exif", b"Fairphone", b"GPS"):
        assert trace not in made["bytes"]
    assert Image.open(io.BytesIO(made["bytes"])).size == (1600, 1200)


def test_a_photo_taken_upright_stays_upright(shrink: Callable[..., dict[str, Any]]) -> None:
    made = shrink(jpeg(2400, 1200, orientation=6))
    image = Image.open(io.BytesIO(made["bytes"])).convert("RGB")
    assert image.size == (800, 1600) == (made["width"], made["height"])
    # The top of the sensor is the right of the turned photo.
    right, left = image.getpixel((790, 800)), image.getpixel((10, 800))
    assert isinstance(right, tuple) and right[0] > 200 and isinstance(left, tuple) and left[2] > 200


def test_a_small_photo_is_not_enlarged(shrink: Callable[..., dict[str, Any]]) -> None:
    made = shrink(jpeg(300, 200))
    assert (made["width"], made["height"]) == (300, 200)
    assert b"Exif" not in made["bytes"]


def test_transparency_becomes_white(shrink: Callable[..., dict[str, Any]]) -> None:
    file = io.BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(file, "PNG")
    image = Image.open(io.BytesIO(shrink(file.getvalue(), "image/png")["bytes"])).convert("RGB")
    pixel = image.getpixel((20, 20))
    assert isinstance(pixel, tuple) and min(pixel) > 250


@pytest.mark.parametrize("remove", ["createImageBitmap", None])
def test_an_old_browser_draws_the_image_itself(
    engine: Engine, shrink: Callable[..., dict[str, Any]], remove: str | None
) -> None:
    if remove:
        engine.page.evaluate("(name) => { delete window[name]; }", remove)
    assert shrink(jpeg(2000, 1000))["width"] == 1600


@pytest.mark.parametrize(
    "content",
    [b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + b"\x00" * 2000, b"", b"pas une photo"],
    ids=["heic", "vide", "texte"],
)
def test_what_is_no_readable_photo_is_refused_in_words(
    shrink: Callable[..., dict[str, Any]], content: bytes
) -> None:
    refused = shrink(content, "image/heic")
    assert refused["typed"] is True
    assert "n'a pas pu être lue" in refused["refused"] and "gardé sans elle" in refused["refused"]


def test_a_photo_cut_short_never_breaks_the_page(shrink: Callable[..., dict[str, Any]]) -> None:
    result = shrink(jpeg(2000, 1500, noise=True)[:20_000])
    assert result.get("typed") is True or result["width"] == 1600


def test_a_photo_too_large_for_a_phone_is_refused_before_it_is_decoded(
    engine: Engine, shrink: Callable[..., dict[str, Any]]
) -> None:
    file = io.BytesIO()
    Image.new("L", (9000, 7000)).save(file, "PNG")
    refused = shrink(file.getvalue(), "image/png")
    assert refused["typed"] is True and "trop lourde" in refused["refused"]
    module = staticfiles_storage.url("js/signaler/photo.js")
    heavy = engine.page.evaluate(
        """async (module) => (await import(module)).shrink(new Blob([new Uint8Array(40e6 + 1)]))
            .catch((error) => error.message)""",
        module,
    )
    assert "trop lourde" in heavy
