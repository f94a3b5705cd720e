"""The author's pages: no account, no cookie; the secret travels in the body, never in an address."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from comptes.client_ip import client_ip
from contributions import limits
from contributions.follow_up import find_for_author
from contributions.models import Contribution
from contributions.origin import check_origin
from contributions.recovery import recover
from couches.forms import AttributeForm, attribute_form
from moderation.appeals import appeal
from moderation.author import Story, answer, correct, story_of, withdraw
from moderation.forms import AnswerForm, AppealForm, CodeForm, CorrectionForm, NewPlaceForm, RecoverForm
from moderation.refusals import Refusal


@csrf_exempt  # no cookie, hence no token: `check_origin` looks at where the form was
@require_http_methods(["GET", "HEAD", "POST"])
def follow_up(request: HttpRequest) -> HttpResponse:
    """Give everybody the same page, where the script reads the link's fragment; or open a pasted code."""
    if request.method == "POST":
        return _open(request)
    # No message of a signed-in official may enter a page that caches keep for everybody.
    response = _page(request, messages=())
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
    questions, form = _questions(found, request.POST), AnswerForm(request.POST)
    if not (form.is_valid() and questions.is_valid()):
        return _story(request, found, questions=questions, form=form, status=422)

    def send() -> str:
        answer(
            contribution=found,
            attributes=questions.to_attributes(),
            geometry=form.geometry(),
            message=form.cleaned_data["message"],
        )
        return _("Merci : la mairie va examiner votre réponse.")

    return _sent(request, found, questions, form, send)


@csrf_exempt
@never_cache
@require_POST
def correct_page(request: HttpRequest) -> HttpResponse:
    """Correct what was just sent, by the form without scripts."""
    check_origin(request)
    found = _find(request)
    if isinstance(found, HttpResponse):
        return found
    questions, form = _questions(found, request.POST), CorrectionForm(request.POST)
    if not (form.is_valid() and questions.is_valid()):
        return _story(request, found, questions=questions, form=form, status=422)

    def send() -> str:
        correct(
            contribution=found,
            attributes=questions.to_attributes(),
            geometry=form.geometry(),
            observed_at=form.observed_at(found.observed_at),
        )
        return _("C'est noté : la mairie lira votre signalement tel qu'il est ci-dessous.")

    return _sent(request, found, questions, form, send)


@csrf_exempt
@never_cache
@require_POST
def appeal_page(request: HttpRequest) -> HttpResponse:
    """Ask for another opinion on a refusal, by the form without scripts."""
    check_origin(request)
    found = _find(request)
    if isinstance(found, HttpResponse):
        return found
    form = AppealForm(request.POST)
    if not form.is_valid():
        return _story(request, found, objection=form, status=422)
    try:
        appeal(contribution=found, message=form.cleaned_data["message"])
    except ValidationError as error:
        form.add_error("message", error.message_dict["message"])
        return _story(request, found, objection=form, status=422)
    except Refusal as refusal:
        return _story(request, found, objection=form, refusal=str(refusal), status=409)
    return _story(request, found, done=_("Votre recours est parti : une autre personne va décider."))


@csrf_exempt
@never_cache
@require_POST
def recover_page(request: HttpRequest) -> HttpResponse:
    """Ask for one's links by e-mail; the page never says whether the address is known."""
    check_origin(request)
    form = RecoverForm(request.POST)
    if form.is_valid():
        try:
            limits.take([limits.of_address("recover", client_ip(request))])
            return _page(request, asked=recover(email=form.cleaned_data["email"]))
        except ValidationError as error:
            form.add_error("email", error.message_dict["email"])
        except limits.NotYet as error:
            form.add_error(None, str(error))
            page = _page(request, recover=form, status=429)
            page["Retry-After"] = str(error.wait)
            return page
    return _page(request, recover=form, status=422)


def _sent(
    request: HttpRequest,
    found: Contribution,
    questions: AttributeForm,
    form: NewPlaceForm,
    send: Callable[[], str],
) -> HttpResponse:
    """Run a verb of the author; show the story, or the form again with why not."""
    try:
        done = send()
    except ValidationError as error:
        told = " ".join(error.messages)
        return _story(request, found, questions=questions, form=form, refusal=told, status=422)
    except Refusal as refusal:
        status = 409 if refusal.field == "action" else 422
        return _story(request, found, questions=questions, form=form, refusal=str(refusal), status=status)
    return _story(request, found, done=done)


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
    return _page(request, form=form, status=status)


def _page(request: HttpRequest, *, status: int = 200, **context: Any) -> HttpResponse:
    """Return the page where a code is pasted or a link asked for again."""
    blank = {"form": CodeForm(), "recover": RecoverForm(), "states": Contribution.Status.values}
    return render(request, "suivi/suivi.html", blank | context, status=status)


def _story(
    request: HttpRequest,
    contribution: Contribution,
    *,
    questions: AttributeForm | None = None,
    form: NewPlaceForm | None = None,
    objection: AppealForm | None = None,
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
        "objection": objection or AppealForm(),
        "conteste": objection is not None or "contester" in request.POST,
    }
    if story.may_answer or story.may_correct:
        context["questions"] = questions or _questions(contribution)
        context["form"] = form or _blank(story)
        context["corrige"] = questions is not None or "corriger" in request.POST
    return render(request, "suivi/histoire.html", context, status=status)


def _questions(contribution: Contribution, data: Any = None) -> AttributeForm:
    """Return the couche's questions, filled with what was said or with what was typed."""
    return attribute_form(
        contribution.couche, data, initial=contribution.attributes, partial=not _is_whole(contribution)
    )


def _blank(story: Story) -> NewPlaceForm:
    if story.may_answer:
        return AnswerForm()
    return CorrectionForm(initial={"observed_on": timezone.localdate(story.contribution.observed_at)})


def _is_whole(contribution: Contribution) -> bool:
    """Say whether the report describes a place in full, or only speaks of a known one."""
    return contribution.operation in {Contribution.Operation.CREATE, Contribution.Operation.UPDATE}
