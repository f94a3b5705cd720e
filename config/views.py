"""Refusals and faults: a page for people, a problem document for programs."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template import loader
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from comptes.permissions import SecondFactorRequired
from config.problems import CONTENT_TYPE


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """400: the request itself cannot be read."""
    return _refusal(
        request,
        400,
        "demande-illisible",
        _("Cette demande est illisible : vérifiez l'adresse et le contenu."),
    )


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """403: the exception's own message, written to be shown, says why; the way out when there is one."""
    if isinstance(exception, SecondFactorRequired):
        return _second_factor(request, exception)
    return _refusal(request, 403, "interdit", str(exception) or _("Votre rôle ne permet pas ce geste."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """404: nothing there, or nothing that this person may see."""
    return _refusal(request, 404, "introuvable", _("Introuvable, ou hors de votre territoire."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 when a form is too old, or was sent from another site."""
    detail = _("Ce formulaire est trop ancien : rechargez la page et renvoyez-le. Rien n'a été enregistré.")
    return _refusal(request, 403, "formulaire-perime", detail)


def server_error(request: HttpRequest) -> HttpResponse:
    """500: says that nothing can be said; reads neither session nor database."""
    if _is_for_program(request):
        return _problem(
            500, "panne", _("Une panne de notre fait. Elle est enregistrée : réessayez plus tard.")
        )
    return HttpResponse(loader.get_template("500.html").render(), status=500)


def _second_factor(request: HttpRequest, exception: SecondFactorRequired) -> HttpResponse:
    """Lead to the page that adds a second factor; what was sent stays in the page behind."""
    if _is_for_program(request):
        return _problem(403, exception.code, str(exception))
    if request.method in {"GET", "HEAD"}:
        return redirect(f"{reverse('mfa_index')}?{urlencode({'next': request.get_full_path()})}")
    return render(request, "comptes/second_facteur_requis.html", {"detail": str(exception)}, status=403)


def _refusal(request: HttpRequest, status: int, code: str, detail: str) -> HttpResponse:
    if _is_for_program(request):
        return _problem(status, code, detail)
    return render(request, f"{status}.html", {"detail": detail}, status=status)


def _is_for_program(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")


def _problem(status: int, code: str, detail: str) -> JsonResponse:
    title = code.replace("-", " ").capitalize()
    body = {
        "type": f"urn:reperes:probleme:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "errors": {},
    }
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE)
