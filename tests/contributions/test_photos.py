"""Photos: fresh pixels only, whole or absent, never the bytes that were sent."""

import hashlib
import io
import struct
import subprocess
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from PIL import Image, PngImagePlugin

from contributions import photo_worker, photos
from contributions.models import Contribution, Photo
from contributions.photos import AlreadyDecided, PhotoConflict, add_photo, open_photo, photo_path, reencode
from tests.factories import ContributionFactory

CANARY = b"CANARI-44.9262-2.4397"
GPS_IFD, ORIENTATION = 0x8825, 0x0112


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def landscape(mode: str = "RGB") -> Image.Image:
    """A 60 × 40 picture whose left half is red and right half blue."""
    image = Image.new("RGB", (60, 40), "red")
    image.paste("blue", (30, 0, 60, 40))
    return image.convert(mode)


def exif() -> Image.Exif:
    block = Image.Exif()
    block[0x010E] = CANARY.decode()
    gps = block.get_ifd(GPS_IFD)
    gps[1], gps[2], gps[29] = "N", (44.0, 55.0, 34.0), CANARY.decode()
    return block


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def jpeg_segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def tattooed() -> dict[str, bytes]:
    """One photo per place where something personal can hide."""
    image = landscape()
    jpeg, png, webp = encode(image, "JPEG"), encode(image, "PNG"), encode(image, "WEBP")
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", CANARY.decode())
    text.add_itxt("XML:com.adobe.xmp", CANARY.decode())
    after_ihdr = 33
    return {
        "jpeg-exif-gps": encode(image, "JPEG", exif=exif()),
        "jpeg-xmp": encode(image, "JPEG", xmp=CANARY),
        "jpeg-comment": encode(image, "JPEG", comment=CANARY),
        "jpeg-icc": encode(image, "JPEG", icc_profile=CANARY * 8),
        "jpeg-iptc": jpeg[:2] + jpeg_segment(0xED, b"Photoshop 3.0\x00" + CANARY) + jpeg[2:],
        "jpeg-unknown-app": jpeg[:2] + jpeg_segment(0xEB, CANARY) + jpeg[2:],
        "jpeg-trailing": jpeg + CANARY,
        "jpeg-motion-photo": jpeg + b"\x00\x00\x00\x18ftypmp42" + CANARY,
        "jpeg-mpo": encode(image, "MPO", save_all=True, append_images=[landscape()], exif=exif()),
        "png-text": encode(image, "PNG", pnginfo=text),
        "png-exif": encode(image, "PNG", exif=exif()),
        "png-icc": encode(image, "PNG", icc_profile=CANARY * 8),
        "png-private-chunk": png[:after_ihdr] + png_chunk(b"caNa", CANARY) + png[after_ihdr:],
        "png-trailing": png + CANARY,
        "png-animated": encode(image, "PNG", save_all=True, append_images=[landscape()], pnginfo=text),
        "webp-exif": encode(image, "WEBP", exif=exif()),
        "webp-xmp": encode(image, "WEBP", xmp=CANARY),
        "webp-icc": encode(image, "WEBP", icc_profile=CANARY * 8),
        "webp-trailing": webp + CANARY,
        "webp-animated": encode(image, "WEBP", save_all=True, append_images=[landscape()], exif=exif()),
        "jpeg-polyglot": jpeg + b"<script>" + CANARY + b"</script>PK\x03\x04" + CANARY,
    }


TATTOOED = tattooed()


@pytest.mark.parametrize("name", TATTOOED)
def test_nothing_but_pixels_is_kept(name: str) -> None:
    raw = TATTOOED[name]
    if "icc" not in name and not name.startswith("png-"):  # those are compressed in the file
        assert CANARY in raw
    pixels = reencode(raw)
    assert CANARY not in pixels.webp
    assert _riff_chunks(pixels.webp) == ["VP8 "]
    with Image.open(io.BytesIO(pixels.webp)) as stored:
        assert stored.format == "WEBP" and getattr(stored, "n_frames", 1) == 1
        assert not stored.getexif() and not set(stored.info) & {"exif", "xmp", "icc_profile", "comment"}
        assert stored.size == (pixels.width, pixels.height) == (60, 40)


def _riff_chunks(webp: bytes) -> list[str]:
    """Names of the chunks, by our own reading: VP8 is the pixels, anything else a passenger."""
    assert webp[:4] == b"RIFF" and struct.unpack("<I", webp[4:8])[0] + 8 == len(webp)
    names, offset = [], 12
    while offset < len(webp):
        size = struct.unpack("<I", webp[offset + 4 : offset + 8])[0]
        names.append(webp[offset : offset + 4].decode())
        offset += 8 + size + size % 2
    return names


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_picture_stands_upright_once_its_orientation_is_gone(orientation: int) -> None:
    """As shown by a reader that obeys EXIF, pixel for pixel but for compression."""
    from PIL import ImageOps

    block = Image.Exif()
    block[ORIENTATION] = orientation
    raw = encode(landscape(), "JPEG", exif=block, quality=95)
    with Image.open(io.BytesIO(raw)) as sent:
        expected = ImageOps.exif_transpose(sent).convert("RGB")
    with Image.open(io.BytesIO(reencode(raw).webp)) as stored:
        assert stored.size == expected.size
        for place in [(5, 5), (stored.width - 6, 5), (5, stored.height - 6)]:
            seen, wanted = stored.convert("RGB").getpixel(place), expected.getpixel(place)
            assert max(abs(a - b) for a, b in zip(seen, wanted, strict=True)) < 60


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_png_is_read(mode: str) -> None:
    assert (
        reencode(encode(landscape("L").convert(mode) if mode == "I;16" else landscape(mode), "PNG")).width
        == 60
    )


def test_a_cmyk_jpeg_is_read_and_transparency_becomes_white() -> None:
    assert reencode(encode(landscape("CMYK"), "JPEG")).height == 40
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    with Image.open(io.BytesIO(reencode(encode(clear, "PNG")).webp)) as stored:
        assert min(stored.convert("RGB").getpixel((10, 10))) > 245


@pytest.mark.parametrize("name", ["jpeg-exif-gps", "png-text", "webp-animated"])
def test_the_worker_writes_the_same_pixels_wherever_it_runs(name: str) -> None:
    webp, width, height = photo_worker.reencode(TATTOOED[name])
    assert (webp, width, height) == (reencode(TATTOOED[name]).webp, 60, 40)


def test_a_large_photo_is_reduced_to_2048_pixels() -> None:
    pixels = reencode(encode(Image.new("RGB", (5000, 2500), "green"), "JPEG"))
    assert (pixels.width, pixels.height) == (2048, 1024)


def _huge_png(width: int, height: int) -> bytes:
    """A sound header for pixels that are not there."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b"")
    )


def bad() -> Iterator[tuple[str, bytes]]:
    jpeg = encode(landscape(), "JPEG")
    png = encode(landscape(), "PNG")
    yield "empty", b""
    yield "svg", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    yield "html", b"<!DOCTYPE html><script>alert(1)</script>"
    yield "pdf", b"%PDF-1.7\n"
    yield "gif", encode(landscape("P"), "GIF")
    yield "tiff", encode(landscape(), "TIFF")
    yield "bmp", encode(landscape(), "BMP")
    yield "ico", encode(landscape().resize((32, 32)), "ICO")
    yield "eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n"
    yield "jpeg-truncated", jpeg[: len(jpeg) // 2]
    yield "jpeg-header-only", jpeg[:20]
    yield "png-truncated", png[: len(png) // 2]
    yield "png-no-pixels", _huge_png(10, 10)
    yield "png-bad-crc", png[:29] + b"\x00\x00\x00\x00" + png[33:]
    yield "webp-truncated", encode(landscape(), "WEBP")[:30]
    yield "65535-squared", _huge_png(65_535, 65_535)
    yield "2-billion-wide", _huge_png(2**31 - 1, 1)
    yield "51-megapixels", _huge_png(8_000, 6_400)
    yield "zero-wide", _huge_png(0, 10)
    yield "noise", bytes(range(256)) * 40
    yield "gif-first-polyglot", b"GIF89a" + jpeg


BAD = dict(bad())


@pytest.mark.parametrize("name", BAD)
def test_what_is_not_a_sound_photo_is_refused(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        reencode(BAD[name])
    assert "JPEG, PNG ou WebP" in caught.value.message_dict["photo"][0]


def test_a_file_too_heavy_is_refused_without_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "WORKER", Path("/nowhere"))
    with pytest.raises(ValidationError, match="12 Mo"):
        reencode(b"\xff" * (photos.MAX_BYTES + 1))


def test_a_pixel_flood_costs_no_memory() -> None:
    """The header is judged before any pixel: far from the gigabyte the limit would allow."""
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run([sys.executable, '-I', sys.argv[1]], input=sys.stdin.buffer.read(), capture_output=True);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(photos.WORKER)],
        input=BAD["65535-squared"],
        capture_output=True,
        check=True,
    )
    assert int(done.stdout) < 120_000  # kilobytes, the interpreter and Pillow included


def test_the_decoder_can_neither_write_files_nor_read_our_environment() -> None:
    """Its limits are in force: the same rlimits, set by the worker's own code."""
    code = (
        "import resource, runpy, sys, os;"
        "worker = runpy.run_path(sys.argv[1]);"
        "[resource.setrlimit(k, (v, v)) for k, v in worker['LIMITS'].items()];"
        "print(sorted(os.environ), resource.getrlimit(resource.RLIMIT_FSIZE))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(photos.WORKER)], capture_output=True, env={}, check=True
    )
    assert b"(0, 0)" in done.stdout and b"SECRET" not in done.stdout and b"DATABASE" not in done.stdout


# --- with the database -------------------------------------------------------------------------------


@pytest.fixture
def report(db: None) -> Contribution:
    return ContributionFactory()


def stored_files(media: Path) -> list[Path]:
    return [path for path in media.rglob("*") if path.is_file()]


def test_a_photo_is_stored_under_its_own_hash(report: Contribution, media: Path) -> None:
    raw = TATTOOED["jpeg-exif-gps"]
    photo, created = add_photo(report, rank=1, raw=raw)
    path = photo_path(photo.sha256)
    assert created and stored_files(media) == [path]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == photo.sha256
    assert (photo.size, photo.width, photo.height) == (path.stat().st_size, 60, 40)
    assert path.parent.name == photo.sha256[:2] and path.parent.parent == media / "photos"
    with open_photo(photo) as stream:
        assert stream.read() == path.read_bytes()


def test_the_same_photo_again_is_the_same(report: Contribution) -> None:
    raw = TATTOOED["png-text"]
    first, _created = add_photo(report, rank=1, raw=raw)
    again, created = add_photo(report, rank=1, raw=raw)
    assert again == first and not created
    assert Photo.objects.count() == 1


def test_two_people_may_send_the_same_pixels(report: Contribution, media: Path) -> None:
    add_photo(report, rank=1, raw=TATTOOED["jpeg-comment"])
    add_photo(ContributionFactory(), rank=2, raw=TATTOOED["jpeg-comment"])
    assert Photo.objects.count() == 2 and len(stored_files(media)) == 1


def test_another_photo_under_the_same_number_is_refused(report: Contribution, media: Path) -> None:
    add_photo(report, rank=1, raw=TATTOOED["jpeg-comment"])
    with pytest.raises(PhotoConflict, match="numéro"):
        add_photo(report, rank=1, raw=TATTOOED["png-text"])
    assert Photo.objects.count() == 1 and len(stored_files(media)) == 1


@pytest.mark.parametrize("rank", [0, 4, 10**9])
def test_a_photo_is_number_1_2_or_3(report: Contribution, rank: int) -> None:
    with pytest.raises(ValidationError, match="1, 2 ou 3"):
        add_photo(report, rank=rank, raw=TATTOOED["jpeg-comment"])


@pytest.mark.parametrize("name", ["svg", "jpeg-truncated", "65535-squared"])
def test_a_refused_photo_leaves_neither_row_nor_file(report: Contribution, media: Path, name: str) -> None:
    with pytest.raises(ValidationError):
        add_photo(report, rank=1, raw=BAD[name])
    assert not Photo.objects.exists() and not stored_files(media)


@pytest.mark.parametrize("status", ["ACCEPTED", "REJECTED", "MERGED", "PUBLISHED", "WITHDRAWN"])
def test_no_photo_after_the_decision(db: None, media: Path, status: str) -> None:
    """It would become public without having been seen."""
    with pytest.raises(AlreadyDecided):
        add_photo(ContributionFactory(status=status), rank=1, raw=TATTOOED["jpeg-comment"])
    assert not Photo.objects.exists() and not stored_files(media)


def test_a_decision_taken_while_the_photo_is_decoded_closes_the_door(db: None) -> None:
    """The instance in hand still says SUBMITTED; the row, locked, does not."""
    report = ContributionFactory(status="ACCEPTED")
    report.status = "SUBMITTED"
    with pytest.raises(AlreadyDecided):
        add_photo(report, rank=1, raw=TATTOOED["jpeg-comment"])
    assert not Photo.objects.exists()


def test_the_same_photo_sent_twice_at_once_is_joined_once(
    report: Contribution, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second looks again once it holds the row: the first came through while it decoded."""
    raw, decode = TATTOOED["jpeg-comment"], photos.reencode

    def slowly(sent: bytes) -> photos.Pixels:
        monkeypatch.setattr(photos, "reencode", decode)
        add_photo(report, rank=1, raw=sent)
        return decode(sent)

    monkeypatch.setattr(photos, "reencode", slowly)
    _photo, created = add_photo(report, rank=1, raw=raw)
    assert not created and Photo.objects.count() == 1


def test_a_disk_that_fails_leaves_neither_row_nor_part(
    report: Contribution, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(photos.os, "fsync", no_space)
    with pytest.raises(OSError, match="No space"):
        add_photo(report, rank=1, raw=TATTOOED["jpeg-comment"])
    assert not Photo.objects.exists() and not stored_files(media)


def test_a_busy_decoder_asks_to_come_back(
    report: Contribution, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photos, "WORKER_SECONDS", 0)
    assert photos._decoders.acquire(timeout=5)
    try:
        with pytest.raises(photos.DecodersBusy):
            add_photo(report, rank=1, raw=TATTOOED["jpeg-comment"])
    finally:
        photos._decoders.release()
    assert not Photo.objects.exists() and not stored_files(media)


def test_a_decoder_that_does_not_end_is_ended(report: Contribution, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "WORKER_SECONDS", 0.001)
    with pytest.raises(ValidationError):
        add_photo(report, rank=1, raw=TATTOOED["jpeg-comment"])
    assert photos._decoders.acquire(blocking=False)
    photos._decoders.release()
