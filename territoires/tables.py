"""The gate for tables: a CSV rewritten in UTF-8, an ODS whose archive was looked at before GDAL opens it."""

import codecs
import zipfile
from pathlib import Path

from django.utils.translation import gettext as _

from territoires.refusals import FileRefused

_BLOCK = 1 << 20
_ODS_MIMETYPE = b"application/vnd.oasis.opendocument.spreadsheet"
# What a sheet of a million rows weighs once unpacked.
MAX_SHEET_BYTES = 1 << 30
MAX_SHEET_RATIO = 200
MAX_ENTRIES = 200


def write_utf8(source: Path, target: Path) -> None:
    """Copy a CSV as UTF-8 without mark: from UTF-8, else from Windows-1252, the one of French spreadsheets.

    Raises FileRefused for what is no text: a NUL byte, or the markup of another format.
    """
    encoding = _encoding(source)
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace" if encoding == "cp1252" else "strict")
    with source.open("rb") as raw, target.open("x", encoding="utf-8", newline="") as sink:
        first = True
        while block := raw.read(_BLOCK):
            if b"\x00" in block:
                raise FileRefused(
                    _("Ce fichier n'est pas du texte : enregistrez-le en CSV UTF-8 depuis votre tableur.")
                )
            text = decoder.decode(block)
            if first and text.lstrip()[:1] in ("<", "{"):
                raise FileRefused(
                    _("Le contenu n'est pas un tableau CSV : donnez au fichier l'extension de son format.")
                )
            sink.write(text)
            first = False
        sink.write(decoder.decode(b"", final=True))


def _encoding(path: Path) -> str:
    """Return "utf-8-sig" when every byte of the file is UTF-8, else "cp1252"."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as stream:
        try:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"


def check_ods(path: Path) -> None:
    """Raise FileRefused unless the archive is an OpenDocument sheet of a sane size, without entities.

    GDAL reads it in its own bounded process; what can be known before is told better here.
    """
    with zipfile.ZipFile(path) as archive:
        infos = archive.infolist()
        named = {info.filename for info in infos}
        if not {"mimetype", "content.xml"} <= named or archive.read("mimetype").strip() != _ODS_MIMETYPE:
            raise FileRefused(_("Ce fichier n'est pas un classeur OpenDocument (.ods)."))
        if len(infos) > MAX_ENTRIES or len(named) < len(infos):
            raise FileRefused(_("Ce classeur contient trop de pièces : copiez la feuille dans un nouveau."))
        if any(info.flag_bits & 0x1 for info in infos):
            raise FileRefused(_("L'archive est chiffrée : retirez le mot de passe."))
        content = archive.getinfo("content.xml")
        unpacked = content.file_size
        if unpacked > MAX_SHEET_BYTES or unpacked > MAX_SHEET_RATIO * max(content.compress_size, 5_000):
            raise FileRefused(_("L'archive se décompresse sans mesure : elle est refusée."))
        with archive.open(content) as stream:
            if b"<!DOCTYPE" in stream.read(16_384):
                raise FileRefused(_("Ce classeur déclare des entités XML : enregistrez-le de nouveau."))
