"""The register as an Atom feed (RFC 4287), in pages (RFC 5005): stable identifiers, no name, no place finer."""

import datetime as dt
import re
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from moderation.register import Line, Page, Wanted
from territoires.models import Commune

CONTENT_TYPE = "application/atom+xml; charset=utf-8"
NAMESPACE = "http://www.w3.org/2005/Atom"
# The year in which the scheme of the identifiers was fixed (RFC 4151): it never changes.
MINTED = "2026"
# What XML 1.0 cannot hold, escaped or not.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def feed(here: Commune, wanted: Wanted, page: Page) -> bytes:
    """Return the feed of one page of the register of `here`, UTF-8."""
    root = ET.Element("feed", {"xmlns": NAMESPACE, "xml:lang": get_language() or "fr"})
    about = f"communes/{here.pk}/decisions" + (f"/{wanted.couche.slug}" if wanted.couche else "")
    _text(root, "id", _tag(about))
    title = _("Décisions : %(commune)s") % {"commune": here.nom}
    _text(root, "title", f"{title}, {wanted.couche.title}" if wanted.couche else title)
    _text(
        root, "subtitle", _("Ce qui a été décidé des signalements des habitants, avec le motif et le délai.")
    )
    _text(root, "updated", _moment(updated(page)))
    _text(ET.SubElement(root, "author"), "name", here.nom)
    _text(root, "generator", _("Repères"))
    home = f"{settings.PUBLIC_URL}/communes/{here.pk}/decisions"
    _link(root, "self", _address(f"{home}.atom", wanted, before=str(wanted.before or "")), CONTENT_TYPE)
    _link(root, "alternate", _address(f"{home}/", wanted), "text/html")
    if wanted.before is not None:
        _link(root, "first", _address(f"{home}.atom", wanted), CONTENT_TYPE)
    if page.next is not None:
        _link(root, "next", _address(f"{home}.atom", wanted, before=str(page.next)), CONTENT_TYPE)
    for line in page.lines:
        _entry(root, line, f"{home}/")
    return ET.tostring(root, encoding="utf-8", xml_declaration=True)


def updated(page: Page) -> dt.datetime:
    """Return when the page last changed: a decision, or a reason taken out. The epoch for an empty one."""
    return max((line.changed_at for line in page.lines), default=dt.datetime(1970, 1, 1, tzinfo=dt.UTC))


def sentences_of(line: Line) -> str:
    """Return a line as plain text: what, where, whose decision, how fast, and why."""
    told = [
        _("%(word)s par %(body)s, %(delay)s.") % {"word": line.word, "body": line.by, "delay": line.delay},
        f"{line.couche.title}, {line.place}.",
    ]
    if line.after_appeal:
        told.append(_("Décision prise après recours."))
    if line.self_accepted:
        told.append(_("Acceptée par qui l'a saisie."))
    if line.redacted:
        told.append(_("Motif retiré : %(why)s.") % {"why": line.redacted})
    elif line.reason:
        told.append(_("Motif : « %(reason)s »") % {"reason": line.reason})
    return " ".join(told)


def _entry(root: ET.Element, line: Line, home: str) -> None:
    entry = ET.SubElement(root, "entry")
    _text(entry, "id", _tag(f"decisions/{line.id}"))
    _text(entry, "title", f"{line.word} : {line.couche.title}, {line.place}")
    _text(entry, "published", _moment(line.at))
    _text(entry, "updated", _moment(line.changed_at))
    _link(entry, "alternate", f"{home}?{urlencode({'avant': f'{_after(line)}'})}#d{line.id}", "text/html")
    ET.SubElement(entry, "category", {"term": line.couche.slug, "label": _plain(line.couche.title)})
    _text(entry, "summary", sentences_of(line))


def _after(line: Line) -> str:
    """Return the cursor of a page that begins with this line, wherever later ones will have pushed it."""
    return f"{line.at.astimezone(dt.UTC):%Y%m%dT%H%M%S%f}-{line.id + 1}"


def _address(path: str, wanted: Wanted, *, before: str = "") -> str:
    asked = {
        "couche": wanted.couche.slug if wanted.couche else "",
        "annee": wanted.year or "",
        "avant": before,
    }
    query = urlencode({name: value for name, value in asked.items() if value})
    return f"{path}?{query}" if query else path


def _tag(specific: str) -> str:
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return f"tag:{host},{MINTED}:{specific}"


def _moment(at: dt.datetime) -> str:
    return timezone.localtime(at).isoformat(timespec="seconds")


def _text(parent: ET.Element, name: str, text: str) -> None:
    ET.SubElement(parent, name).text = _plain(text)


def _link(parent: ET.Element, rel: str, href: str, kind: str) -> None:
    ET.SubElement(parent, "link", {"rel": rel, "href": href, "type": kind.partition(";")[0]})


def _plain(text: str) -> str:
    return UNWRITABLE.sub("", text)
