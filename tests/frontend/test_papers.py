"""`/communes/{code}/formulaire.pdf` and `affiche.pdf`: what a town hall prints."""

import re
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pytest
from django.test import Client

from comptes.models import User
from config import printing
from config.pages import papers
from couches.models import Couche
from territoires.models import Commune, FormerCode
from territoires.names import of_commune
from tests.factories import CommuneFactory, square

FORM = "/communes/15014/formulaire.pdf"
POSTER = "/communes/15014/affiche.pdf"
LONGEST_NAME = "Saint-Remy-en-Bouzemont-Saint-Genest-et-Isson"


@pytest.fixture(autouse=True)
def empty_press() -> Iterator[None]:
    """No sheet of another test is at hand."""
    printing._kept.clear()
    yield
    printing._kept.clear()


def words(html: str) -> str:
    """What is read on a sheet, tags and runs of spaces left out."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))


def inflated(pdf: bytes) -> bytes:
    """A PDF's objects in clear: most lie in compressed streams."""
    streams = re.findall(rb"/FlateDecode.*?stream\r?\n(.*?)\nendstream", pdf, re.DOTALL)
    return pdf + b"".join(zlib.decompressobj().decompress(stream) for stream in streams)


@pytest.mark.parametrize("path", [FORM, f"{FORM}?couche=services", POSTER])
def test_anybody_prints_it_and_no_cookie_is_set(client: Client, aurillac: Commune, path: str) -> None:
    page = client.get(path)
    assert (page.status_code, page["Content-Type"]) == (200, "application/pdf")
    assert page.content.startswith(b"%PDF-1.7") and not page.cookies
    assert page["Cache-Control"] == "public, max-age=3600"
    assert page["Content-Disposition"].startswith("inline; filename=")


def test_the_pdf_is_tagged_titled_and_says_its_language(client: Client, aurillac: Commune) -> None:
    content = inflated(client.get(FORM).content)
    for needed in (b"/StructTreeRoot", b"/Marked true", b"/Lang (fr)", b"/DisplayDocTitle true", b"pdfuaid"):
        assert needed in content
    for kind in (b"/Figure", b"/H1", b"/H2", b"/Table", b"/TH", b"/Alt"):
        assert kind in content


@pytest.mark.parametrize(
    ("slug", "pages"), [("zones-blanches", 1), ("services", 2), ("batiments-publics", 2)]
)
@pytest.mark.parametrize("name", ["Aurillac", LONGEST_NAME])
def test_a_form_is_one_sheet_of_paper(db: None, slug: str, pages: int, name: str) -> None:
    html = papers.form_html(Commune(code_insee="15014", nom=name), Couche.objects.get(slug=slug))
    assert len(printing.typeset(html).pages) == pages


def test_a_poster_is_one_page_whatever_the_name_and_the_address(settings: Any) -> None:
    settings.PUBLIC_URL = "https://signalements.communaute-agglomeration-du-bassin.exemple.fr"
    html = papers.poster_html(Commune(code_insee="51513", nom=LONGEST_NAME))
    assert len(printing.typeset(html).pages) == 1


def test_the_form_says_where_to_bring_it_and_asks_what_the_schema_asks(aurillac: Commune) -> None:
    read = words(papers.form_html(aurillac, Couche.objects.get(slug="zones-blanches")))
    for said in (
        "À remettre à la mairie d'Aurillac",
        "Lieu-dit ou adresse",
        "Bouygues Telecom",
        "Impossible Difficile Ça marche",
        "Depuis quand ?",
        "facultatif, jamais publié",
        "15014 · zones-blanches",
    ):
        assert said in read
    assert "Pas essayé" not in read and "Modèle du téléphone" not in read


def test_the_codes_lead_to_the_report_and_to_the_preparation(aurillac: Commune, settings: Any) -> None:
    settings.PUBLIC_URL = "https://reperes.exemple.fr"
    form = unescape(papers.form_html(aurillac, Couche.objects.get(slug="services")))
    poster = unescape(papers.poster_html(aurillac))
    assert 'alt="Code QR : reperes.exemple.fr/signaler/?commune=15014&couche=services"' in form
    assert "reperes.exemple.fr/signaler/?commune=15014#preparer" in words(poster)
    assert "Préparez votre téléphone" in poster and "Aurillac" in poster


@pytest.mark.parametrize("couche", ["rien", "", "\x00", "é" * 300, "services/../x"])
def test_an_unknown_couche_is_not_found(client: Client, aurillac: Commune, couche: str) -> None:
    assert client.get(FORM, {"couche": couche}).status_code == 404


@pytest.mark.parametrize("code", ["00000", "1", "abcde", "15014'--", "%00", "9" * 400])
def test_a_code_of_no_commune_is_not_found(client: Client, aurillac: Commune, code: str) -> None:
    for sheet in ("formulaire", "affiche"):
        assert client.get(f"/communes/{code}/{sheet}.pdf").status_code == 404


def test_a_merged_commune_s_code_leads_to_the_sheet_of_its_successor(
    client: Client, aurillac: Commune
) -> None:
    FormerCode.objects.create(code="15027", nom="Calvinet", kind="ancien-code", commune=aurillac)
    page = client.get("/communes/15027/formulaire.pdf?couche=services")
    assert (page.status_code, page["Location"]) == (301, f"{FORM}?couche=services")
    page = client.get("/communes/15027/affiche.pdf")
    assert (page.status_code, page["Location"]) == (301, POSTER)


def test_a_sheet_is_laid_out_once(client: Client, aurillac: Commune, monkeypatch: pytest.MonkeyPatch) -> None:
    first = client.get(FORM)
    monkeypatch.setattr(printing, "typeset", lambda html: pytest.fail("laid out again"))
    assert client.get(FORM).content == first.content
    same = client.get(FORM, headers={"if-none-match": first["ETag"]})
    assert (same.status_code, same.content) == (304, b"")


def test_a_renamed_commune_gets_another_sheet(client: Client, aurillac: Commune) -> None:
    first = client.get(POSTER)["ETag"]
    Commune.objects.filter(pk="15014").update(nom="Aurillac-la-Neuve")
    assert client.get(POSTER, headers={"if-none-match": first}).status_code == 200


def test_few_sheets_are_kept(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(printing, "MAX_KEPT", 1)
    sheets = [papers.poster_html(Commune(code_insee="15014", nom=name)) for name in ("Un", "Deux")]
    for html in sheets:
        printing.print_sheet(html)
    assert list(printing._kept) == [printing.fingerprint(sheets[1])]


def test_when_the_press_is_busy_the_sheet_is_asked_again_later(
    client: Client, aurillac: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "WAIT_SECONDS", 0.05)
    assert printing._press.acquire(timeout=5)
    try:
        page = client.get(FORM)
    finally:
        printing._press.release()
    assert page.status_code == 503 and int(page["Retry-After"]) > 0
    assert "réessayez dans quelques secondes" in page.content.decode()
    assert "no-store" in page["Cache-Control"]
    assert client.get(FORM).status_code == 200


def test_without_pango_the_sheet_names_the_package_and_the_page_is_still_there(
    client: Client, aurillac: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    page = client.get(FORM)
    assert page.status_code == 503 and "Retry-After" not in page
    assert "libpangoft2-1.0-0" in page.content.decode()
    assert client.get("/communes/15014/").status_code == 200


WITHOUT_PANGO = """
import cffi
opened = cffi.FFI.dlopen
def refuse(self, name, flags=0):
    if "pango" in name:
        raise OSError("cannot load library " + name)
    return opened(self, name, flags)
cffi.FFI.dlopen = refuse
import django
django.setup()
import config.urls
from config import printing
try:
    printing.typeset("<p>essai</p>")
except printing.PangoMissing as refusal:
    print("REFUSED", refusal)
"""


def test_the_site_starts_where_pango_cannot_be_opened() -> None:
    """The true library's own failure, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", WITHOUT_PANGO], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "REFUSED Ce site ne peut pas imprimer" in done.stdout


def test_nothing_is_fetched_from_a_disk_or_the_network(tmp_path: Any) -> None:
    """The picture is there, and stays out: only what the page itself holds is drawn."""
    picture = tmp_path / "secret.svg"
    picture.write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text>SECRET</text></svg>'
    )
    page = f'<html lang="fr"><title>x</title><img alt="" src="file://{picture}"><p>reste</p>'
    inside = page.replace(f"file://{picture}", "data:image/svg+xml," + picture.read_text().replace('"', "'"))
    shown = [printing.typeset(html).write_pdf() for html in (page, inside)]
    assert len(shown[0]) < len(shown[1])


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Aurillac", "d'Aurillac"),
        ("Ytrac", "d'Ytrac"),
        ("Écully", "d'Écully"),
        ("Vézac", "de Vézac"),
        ("Le Rouget-Pers", "du Rouget-Pers"),
        ("Les Ulis", "des Ulis"),
        ("La Roche", "de La Roche"),
        ("L'Haÿ-les-Roses", "de L'Haÿ-les-Roses"),
        ("Lescar", "de Lescar"),
    ],
)
def test_a_name_is_said_as_people_say_it(name: str, said: str) -> None:
    assert of_commune(name) == said


# --- the ways there --------------------------------------------------------------------------------


def test_the_commune_s_page_leads_to_its_sheets(client: Client, aurillac: Commune) -> None:
    text = client.get("/communes/15014/").content.decode()
    assert f'href="{FORM}?couche=zones-blanches"' in text and f'href="{POSTER}"' in text


def test_the_queue_and_the_account_lead_the_clerk_to_the_desk(
    page_as: Callable[[User], Client], claude: User, driss: User, sophie: User, ytrac: Commune
) -> None:
    queue = page_as(claude).get("/moderation/").content.decode()
    assert f'href="{FORM}"' in queue and f'href="{POSTER}"' in queue and "15267" not in queue
    assert "/communes/15267/formulaire.pdf" in page_as(driss).get("/moderation/").content.decode()
    for path in ("/moderation/", "/compte/"):
        assert 'href="/signaler/?guichet=1"' in page_as(claude).get(path).content.decode()
        assert "guichet=1" not in page_as(sophie).get(path).content.decode()


def test_a_referent_of_many_communes_gets_a_short_list(
    page_as: Callable[[User], Client], driss: User, aurillac: Commune, monkeypatch: pytest.MonkeyPatch
) -> None:
    CommuneFactory(code_insee="15267", nom="Ytrac", siren="", geom=square(2.34, 44.93))
    monkeypatch.setattr("moderation.views_queue.MAX_DESK_COMMUNES", 1)
    text = page_as(driss).get("/moderation/").content.decode()
    assert text.count("/affiche.pdf") == 1 and "Les autres communes" in text
