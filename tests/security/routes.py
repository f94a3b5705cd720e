"""Every address of the site, with an example of each parameter: walked, never listed by hand."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver, reverse

# One believable value for each parameter of an address; a new name needs a line here.
EXAMPLES: dict[str, object] = {
    "code": "15014",
    "slug": "zones-blanches",
    "number": "1",
    "ending": "jsonld",
    "collection": "zones-blanches",
    "feature": "4b3f2c4e-0000-4000-8000-000000000001",
    "since": "0",
    "contribution_id": "4b3f2c4e-0000-4000-8000-000000000001",
    "n": 1,
    "pk": 1,
    "digest": "0" * 128,
    "uidb36": "1",
    "key": "abc-def",
    "token": "A" * 43,
}
EXAMPLES_OF_TYPE = {"UUIDConverter": "4b3f2c4e-0000-4000-8000-000000000001", "IntConverter": 1}


@dataclass(frozen=True)
class Route:
    """One named address, ready to be asked for."""

    name: str
    path: str


def routes() -> list[Route]:
    """Return every route of the URL conf. Raises KeyError for a parameter without an example."""
    return [Route(name, path) for name, path in _walk(get_resolver().url_patterns)]


def _walk(patterns: list[URLPattern | URLResolver]) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            assert not pattern.namespace, "teach this walk about namespaces"
            yield from _walk(pattern.url_patterns)
        else:
            assert pattern.name, f"{pattern.pattern} has no name: no test can ask for it"
            yield pattern.name, reverse(pattern.name, kwargs=_arguments(pattern))


def _arguments(pattern: URLPattern) -> dict[str, object]:
    converters = {
        name: EXAMPLES_OF_TYPE.get(type(converter).__name__)
        for name, converter in pattern.pattern.converters.items()
    }
    names = set(pattern.pattern.regex.groupindex)
    return {name: converters.get(name) or EXAMPLES[name] for name in names}
