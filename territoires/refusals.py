"""The one refusal of territoires: a sentence in French that names what is wrong and its remedy."""

from django.core.exceptions import ValidationError


class Refused(ValidationError):
    """Ce fichier ou ce réglage est refusé ; le message dit pourquoi et que faire."""

    def __init__(self, field: str, text: str) -> None:
        """Refuse on `field`; `text` is shown as it is, on a page or on the command line."""
        super().__init__({field: [text]})
        self.text = text


class FileRefused(Refused):
    """Ce fichier ne peut pas être lu sans risque ou sans doute."""

    def __init__(self, text: str) -> None:
        """Refuse on the field "fichier"."""
        super().__init__("fichier", text)
