"""The author's pages: no account, no cookie; the secret travels in the body, never in an address."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from contributions.follow_up import find_for_author
from contributions.models import Contribution
from contributions.origin import check_origin
from couches.forms import AttributeForm, attribute_form
from moderation.author import answer, story_of, withdraw
from moderation.forms import AnswerForm, CodeForm
from moderation.refusals import Refusal
from territoires.points import point_from_text


@csrf_exempt  # no cookie, hence no token: `check_origin` looks at where the form was
@require_http_methods(["GET", "HEAD", "POST"])
def follow_up(request: HttpRequest) -> HttpResponse:
    """Give everybody the same page, where the script reads the link's fragment; or open a pasted code."""
    if request.method == "POST":
        return _open(request)
    # No message of a signed-in official may enter a page that caches keep for everybody.
    context = {"form": CodeForm(), "states": Contribution.Status.values, "messages": ()}
    response = render(request, "suivi/suivi.html", context)
    patch_cache_control(response, public=True, max_age=300)
    return response


@never_cache
def _open(request: HttpRequest) -> HttpResponse:
    check_origin(request)
    found = _find(request)
    return found if isinstance(found, HttpResponse) else _story(request, found)


@csrf_exempt
@never_cache
@require_POST
def withdraw_page(request: HttpRequest) -> HttpResponse:
    """Withdraw, by the form without scripts."""
    check_origin(request)
    found = _find(request)
    if isinstance(found, HttpResponse):
        return found
    try:
        withdraw(contribution=found)
    except Refusal as refusal:
        return _story(request, found, refusal=str(refusal), status=409)
    return _story(request, found, done=_("Votre signalement est retiré."))


@csrf_exempt
@never_cache
@require_POST
def answer_page(request: HttpRequest) -> HttpResponse:
    """Complete a returned report, by the form without scripts."""
    check_origin(request)
    found = _find(request)
    if isinstance(found, HttpResponse):
        return found
    questions = attribute_form(
        found.couche, request.POST, initial=found.attributes, partial=not _is_whole(found)
    )
    form = AnswerForm(request.POST)
    if not (form.is_valid() and questions.is_valid()):
        return _story(request, found, questions=questions, form=form, status=422)
    try:
        answer(
            contribution=found,
            attributes=questions.to_attributes(),
            geometry=_geometry(form),
            message=form.cleaned_data["message"],
        )
    except ValidationError as error:
        told = " ".join(error.messages)
        return _story(request, found, questions=questions, form=form, refusal=told, status=422)
    except Refusal as refusal:
        return _story(
            request, found, questions=questions, form=form, refusal=str(refusal),
            status=422 if refusal.field != "action" else 409,
        )  # fmt: skip
    return _story(request, found, done=_("Merci : la mairie va examiner votre réponse."))


def _find(request: HttpRequest) -> Contribution | HttpResponse:
    """Return the report that the pasted code opens, or the page that says why it opens none."""
    form = CodeForm(request.POST)
    status = 422
    if form.is_valid():
        identifier, secret = form.cleaned_data["code"]
        try:
            return find_for_author(identifier, secret)
        except Contribution.DoesNotExist:
            form.add_error("code", _("Ce code n'ouvre aucun signalement : vérifiez que le lien est entier."))
            status = 404
    return render(
        request, "suivi/suivi.html", {"form": form, "states": Contribution.Status.values}, status=status
    )


def _story(
    request: HttpRequest,
    contribution: Contribution,
    *,
    questions: AttributeForm | None = None,
    form: AnswerForm | None = None,
    refusal: str = "",
    done: str = "",
    status: int = 200,
) -> HttpResponse:
    contribution.refresh_from_db()
    story = story_of(contribution)
    context: dict[str, Any] = {
        "story": story,
        "row": contribution,
        "code": request.POST["code"],
        "refusal": refusal,
        "done": done,
    }
    if story.may_answer:
        context["questions"] = questions or attribute_form(
            contribution.couche, initial=contribution.attributes, partial=not _is_whole(contribution)
        )
        context["form"] = form or AnswerForm()
    return render(request, "suivi/histoire.html", context, status=status)


def _is_whole(contribution: Contribution) -> bool:
    """Say whether the report describes a place in full, or only speaks of a known one."""
    return contribution.operation in {Contribution.Operation.CREATE, Contribution.Operation.UPDATE}


def _geometry(form: AnswerForm) -> dict[str, object] | None:
    lon, lat = form.cleaned_data["lon"], form.cleaned_data["lat"]
    if not lon and not lat:
        return None
    point = point_from_text(lon, lat)
    return {"type": "Point", "coordinates": [point.x, point.y]}
