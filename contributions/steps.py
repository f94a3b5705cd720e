"""The steps of a report: each reads the draft sent, and shows the next page or the same with its errors."""

import datetime as dt
import json
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from comptes.client_ip import client_ip
from contributions import photos
from contributions.contact import follow_up_url
from contributions.duplicates import find_near
from contributions.follow_up import find_for_author
from contributions.forms import DraftForm, PlaceForm, SendForm, WhenForm
from contributions.limits import NotYet
from contributions.models import Contribution
from contributions.pauses import announce
from contributions.places import known_place, stored_attributes
from contributions.preview import DESCRIBING, preview
from contributions.submission import PayloadConflict, Sender, submit
from contributions.validation import Operation
from couches.forms import AttributeForm, attribute_form
from couches.models import Couche
from territoires.location import locate
from territoires.points import point_from_text


def where(request: HttpRequest) -> HttpResponse:
    """Go back to the place; all that was entered stays in the draft."""
    draft = _draft(request)
    return _where(request, draft, PlaceForm(initial=draft.values)) if draft else _lost(request)


def place(request: HttpRequest) -> HttpResponse:
    """Take a place: a first one makes the draft, a later one moves it."""
    form = PlaceForm(request.POST)
    draft = _draft(request) or DraftForm.new({"couche": request.POST.get("couche", "")})
    if _couche(draft) is None:
        return _lost(request)
    if form.is_valid():
        values = {name: form.cleaned_data[name] for name in form.fields}
        try:
            locate(point_from_text(values["lon"], values["lat"]))
            return _details(request, draft.changed_by(**values))
        except ValidationError as error:
            for message in error.messages:
                form.add_error(None, message)
    return _where(request, draft, form, status=422)


def feature(request: HttpRequest) -> HttpResponse:
    """Take a known object and what to propose of it."""
    chosen = _known_feature(request.POST.get("feature", ""))
    operation = request.POST.get("operation", "")
    if chosen is None or operation not in Operation.values or operation == Operation.CREATE:
        return _lost(request)
    stored = stored_attributes(chosen.id) if operation == Operation.UPDATE else {}
    values = {
        "couche": chosen.couche.slug,
        "operation": operation,
        "feature": str(chosen.id),
        "lon": str(chosen.lon),
        "lat": str(chosen.lat),
        "position_source": Contribution.PositionSource.LIST.value,
        "attributes": json.dumps(stored),
    }
    return _details(request, DraftForm.new(values))


def details(request: HttpRequest) -> HttpResponse:
    """Go back to the questions."""
    draft = _draft(request)
    return _details(request, draft) if draft else _lost(request)


def verify(request: HttpRequest) -> HttpResponse:
    """Take the answers; show what will be public, exactly."""
    draft = _draft(request)
    couche = _couche(draft) if draft else None
    if draft is None or couche is None:
        return _lost(request)
    when = WhenForm(request.POST)
    questions = attribute_form(couche, request.POST) if _describes(draft) else None
    sound = when.is_valid()
    if questions is not None and not questions.is_valid():
        sound = False
    if not sound:
        return _details(request, draft, when=when, questions=questions, status=422)
    answers = json.dumps(questions.to_attributes()) if questions else draft.values["attributes"]
    return _check_page(
        request, draft.changed_by(attributes=answers, observed_at=when.instant()), SendForm({})
    )


def send(request: HttpRequest) -> HttpResponse:
    """Submit; then the photo, apart: a photo refused does not lose the report."""
    draft = _draft(request)
    if draft is None:
        return _lost(request)
    form = SendForm(request.POST, request.FILES)
    if not form.is_valid():
        return _check_page(request, draft, form, status=422)
    submission = draft.to_submission(geometry=_geometry(draft), email=form.cleaned_data["email"])
    # Without script there is no proof of work: a smaller bucket, or a workshop's code.
    sender = Sender(address=client_ip(request), workshop=form.cleaned_data["workshop"])
    try:
        receipt = submit(submission, sender=sender)
    except ValidationError as error:
        _tell(form, error.message_dict)
        return _check_page(request, draft, form, status=422)
    except NotYet as error:
        form.add_error(None, str(error))
        page = _check_page(request, draft, form, status=error.status)
        page["Retry-After"] = str(error.wait)
        return page
    except PayloadConflict:
        text = _(
            "Ce signalement est déjà parti, avec d'autres réponses : il est bien enregistré. "
            "Pour le corriger, ouvrez son lien de suivi ; pour un autre lieu, recommencez."
        )
        return render(request, "contributions/refus.html", {"refus": text}, status=409)
    file = form.cleaned_data["photo"]
    refusal = _add_photo(request, receipt.contribution, file.read()) if file else ""
    return _receipt_page(request, receipt.contribution, draft.values["secret"], refusal=refusal)


def photo(request: HttpRequest) -> HttpResponse:
    """Add a photo from the receipt."""
    secret = request.POST.get("secret", "")
    try:
        contribution = find_for_author(uuid.UUID(request.POST.get("id", "")), secret)
    except (ValueError, Contribution.DoesNotExist):
        return _lost(request)
    file = request.FILES.get("photo")
    refusal = _add_photo(request, contribution, file.read()) if file else _("Choisissez d'abord une photo.")
    return _receipt_page(request, contribution, secret, refusal=refusal)


# --- pages ---------------------------------------------------------------------------------------


def _where(request: HttpRequest, draft: DraftForm, form: PlaceForm, status: int = 200) -> HttpResponse:
    context = {"couche": _couche(draft), "brouillon": draft, "lieu": form}
    return render(request, "contributions/ou.html", context, status=status)


def _details(
    request: HttpRequest,
    draft: DraftForm,
    *,
    when: WhenForm | None = None,
    questions: AttributeForm | None = None,
    status: int = 200,
) -> HttpResponse:
    couche = _couche(draft)
    if couche is None:
        return _lost(request)
    if questions is None and _describes(draft):
        questions = attribute_form(couche, initial=draft.shown_answers(couche))
    near = []
    point = _point(draft)
    if point is not None and draft.values["operation"] == Operation.CREATE:
        near = find_near(point, couche)
    context = {
        "couche": couche,
        "brouillon": draft,
        "operation": _operation_label(draft),
        "objet": _known_feature(draft.values["feature"]),
        "questions": questions,
        "quand": when or WhenForm(initial={"observed_on": _day(draft)}),
        "proches": [found for found in near if found.kind == "feature"],
        "attendent": sum(found.kind == "signalement" for found in near),
    }
    return render(request, "contributions/precisez.html", context, status=status)


def _check_page(request: HttpRequest, draft: DraftForm, form: SendForm, status: int = 200) -> HttpResponse:
    if _couche(draft) is None:
        return _lost(request)
    shown = preview(draft.to_submission(geometry=_geometry(draft), email=""))
    _tell(form, shown.errors)
    context = {
        "brouillon": draft,
        "public": shown.public,
        "pause": announce(shown.pause) if shown.pause else "",
        "pres_d_une_limite": shown.location is not None and shown.location.near_border,
        "lieu_a_changer": _describes(draft),
        "envoi": form,
    }
    return render(request, "contributions/verifier.html", context, status=status)


def _receipt_page(
    request: HttpRequest, contribution: Contribution, secret: str, *, refusal: str
) -> HttpResponse:
    stored = list(contribution.photos.all())
    context = {
        "row": contribution,
        "secret": secret,
        "suivi": follow_up_url(contribution, secret),
        "photos": stored,
        "encore_une_photo": len(stored) < photos.MAX_RANK,
        "refus": refusal,
    }
    return render(request, "contributions/recu.html", context)


def _lost(request: HttpRequest) -> HttpResponse:
    """Answer a step that names nothing we know."""
    text = _("Cette étape ne mène plus nulle part : recommencez le signalement depuis le début.")
    return render(request, "contributions/refus.html", {"refus": text}, status=400)


# --- the draft -------------------------------------------------------------------------------------


def _draft(request: HttpRequest) -> DraftForm | None:
    draft = DraftForm(request.POST, auto_id=False)
    return draft if draft.is_valid() else None


def _couche(draft: DraftForm) -> Couche | None:
    return Couche.objects.filter(slug=draft.values["couche"]).first()


def _describes(draft: DraftForm) -> bool:
    return draft.values["operation"] in DESCRIBING


def _operation_label(draft: DraftForm) -> str:
    operation = draft.values["operation"]
    return str(Operation(operation).label) if operation in Operation.values else ""


def _known_feature(text: str) -> Any:
    try:
        return known_place(uuid.UUID(text))
    except ValueError:
        return None


def _point(draft: DraftForm) -> Any:
    try:
        return point_from_text(draft.values["lon"], draft.values["lat"])
    except ValidationError:
        return None


def _geometry(draft: DraftForm) -> dict[str, Any] | None:
    """Return the GeoJSON of the place typed; one that cannot be read is left for `submit()` to refuse."""
    point = _point(draft)
    if point is None:
        return None
    return {"type": "Point", "coordinates": [point.x, point.y]}


def _day(draft: DraftForm) -> Any:
    moment = _moment(draft)
    return (timezone.localtime(moment) if moment else timezone.localtime()).date()


def _moment(draft: DraftForm) -> dt.datetime | None:
    """Return when it was seen; None while it is not said, or when the hidden field was tampered with."""
    try:
        moment = parse_datetime(draft.values["observed_at"])
    except ValueError:
        return None
    return moment if moment and moment.tzinfo and 1900 < moment.year < 9000 else None


def _tell(form: SendForm, errors: dict[str, list[str]]) -> None:
    """Show the refusals of `submit()`, once each: at their field when the page has it, else above."""
    told = {message for messages in form.errors.values() for message in messages}
    for field, messages in errors.items():
        for message in messages:
            if message not in told:
                form.add_error(field if field in form.fields else None, message)


def _add_photo(request: HttpRequest, contribution: Contribution, raw: bytes) -> str:
    """Attach a photo at the first free number; return why not, or ""."""
    taken = set(contribution.photos.values_list("rank", flat=True))
    known = contribution.photos.filter(source_sha256=photos.source_sha256(raw)).first()
    free = known.rank if known else min({1, 2, 3} - taken, default=0)
    if not free:
        return _("Trois photos au plus : la quatrième n'a pas été ajoutée.")
    try:
        photos.add_photo(contribution, rank=free, raw=raw, address=client_ip(request))
    except ValidationError as error:
        return " ".join(error.messages)
    except (photos.PhotoConflict, photos.DecodersBusy, NotYet) as error:
        return str(error)
    return ""
