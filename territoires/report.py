"""Says in French what `sync_territoires` found and what it did, most important first."""

from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from territoires.boundaries import Staged
from territoires.cog import Cog
from territoires.outlines import OutlineDiff
from territoires.registry import RegistryDiff

SHOWN = 30


@dataclass(slots=True)
class SyncReport:
    """The diff of one run; `counts` is département → (communes, with outline, missing)."""

    cog: Cog
    registry: RegistryDiff
    outlines: OutlineDiff = field(default_factory=OutlineDiff)
    staged: Staged | None = None
    boundaries_year: int | None = None
    counts: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    moves_known: bool = False
    written: bool = False

    @property
    def changed(self) -> bool:
        """Whether a wet run has anything to write."""
        registry, outlines = self.registry, self.outlines
        return bool(registry.new or registry.renamed or registry.gone or registry.updated or outlines.written)

    def as_json(self) -> dict[str, Any]:
        """What the journal keeps."""
        registry, outlines, staged = self.registry, self.outlines, self.staged
        return {
            "new": len(registry.new),
            "gone": registry.gone,
            "renamed": registry.renamed[:1000],
            "split": registry.split,
            "outlines_written": len(outlines.written),
            "outlines_kept": len(outlines.kept),
            "rebuilt": outlines.rebuilt,
            "moved": len(outlines.moved),
            "overlaps": outlines.overlaps[:1000],
            "missing": outlines.missing,
            "to_confirm": outlines.to_confirm,
            "unknown": staged.unknown if staged else {},
        }

    def lines(self) -> list[str]:
        """Return the report, line by line."""
        lines = [
            _("COG %(year)d : %(count)s communes.")
            % {"year": self.cog.millesime, "count": _number(len(self.cog.communes))}
        ]
        lines += self._registry_lines()
        if self.staged is not None:
            lines += self._file_lines(self.staged)
        lines += self._outline_lines()
        lines += self._count_lines()
        if self.written:
            lines.append(_("Écrit."))
        elif self.changed:
            lines.append(_("Essai à blanc : rien n'est écrit. Ajoutez --wet-run pour écrire."))
        else:
            lines.append(_("Rien à changer."))
        return lines

    def _registry_lines(self) -> list[str]:
        diff, name = self.registry, self._name
        lines = []
        if diff.first:
            lines.append(_("Premier chargement : toutes les communes sont nouvelles."))
        elif diff.new:
            lines.append(_listed(_("Nouvelles"), [name(code) for code in diff.new]))
        ended = [code for code, successor in diff.gone.items() if not successor]
        merged = [f"{' + '.join(codes)} → {name(successor)}" for successor, codes in diff.merged.items()]
        split = [f"{name(parent)} → {', '.join(map(name, codes))}" for parent, codes in diff.split.items()]
        renamed = [f"{code} {before} → {after}" for code, before, after in diff.renamed]
        for title, items in (
            (_("Disparues sans successeur"), ended),
            (_("Fusionnées ou recodées"), merged),
            (_("Scindées"), split),
            (_("Renommées"), renamed),
        ):
            if items:
                lines.append(_listed(title, items))
        return lines

    def _file_lines(self, staged: Staged) -> list[str]:
        year = self.boundaries_year or _("année inconnue")
        lines = [
            _("Contours : %(count)s codes lus dans la couche « %(layer)s » (%(crs)s, %(year)s).")
            % {
                "count": _number(len(staged.codes)),
                "layer": staged.layer,
                "crs": staged.crs if len(staged.crs) < 40 else "WKT",
                "year": year,
            }
        ]
        twice = sorted(code for code, times in staged.codes.items() if times > 1)
        unknown = [f"{code} {nom}".strip() for code, nom in sorted(staged.unknown.items())]
        for title, items in (
            (_("Codes inconnus du COG, laissés de côté"), unknown),
            (_("Codes présents plusieurs fois, réunis"), twice),
            (_("Sans contour dans le fichier"), staged.without_outline),
            (_("Contours réparés (ils se croisaient)"), staged.repaired),
        ):
            if items:
                lines.append(_listed(title, items))
        if staged.approximate:
            lines.append(_("Ces contours sont approximatifs : ils le diront partout où ils se montrent."))
        return lines

    def _outline_lines(self) -> list[str]:
        diff, name = self.outlines, self._name
        lines = []
        if diff.written or diff.kept or diff.identical:
            lines.append(
                _(
                    "Contours à écrire : %(written)s ; identiques : %(same)s ; gardés car meilleurs : %(kept)s."
                )
                % {
                    "written": _number(len(diff.written)),
                    "same": _number(diff.identical),
                    "kept": _number(len(diff.kept)),
                }
            )
        rebuilt = [f"{name(code)} ← {' + '.join(parts)}" for code, parts in diff.rebuilt.items()]
        moved = [f"{name(code)} ({share:.0%})" for code, share in diff.moved]
        overlaps = [f"{name(one)} / {name(other)} ({share:.1%})" for one, other, share in diff.overlaps]
        for title, items in (
            (_("Reconstruites à partir d'anciens codes"), rebuilt),
            (_("Contours déplacés de plus de 1 % de leur surface"), moved),
            (_("Chevauchements"), overlaps),
            (_("Sans contour, à nommer"), [name(code) for code in diff.missing]),
        ):
            if items:
                lines.append(
                    _listed(title, items, shown=None if items and title.startswith("Sans") else SHOWN)
                )
        if diff.to_confirm:
            lines.append(
                _listed(
                    _(
                        "Leur contour couvre encore des communes scindées : chaque point y sera « à confirmer »"
                    ),
                    [name(code) for code in diff.to_confirm],
                )
            )
            if not self.moves_known:
                lines.append(
                    _(
                        "Sans le registre des mouvements de l'INSEE (--moves), toute l'intercommunalité "
                        "de la commune manquante est marquée."
                    )
                )
        return lines

    def _count_lines(self) -> list[str]:
        opened = {
            code: counts for code, counts in self.counts.items() if counts[1] and code in self._touched()
        }
        if not opened:
            return []
        lines = [_("Par département (avec contour / communes) :")]
        cells = [
            f"{code} {with_outline}/{total}" for code, (total, with_outline, _m) in sorted(opened.items())
        ]
        lines += ["  " + " · ".join(cells[start : start + 8]) for start in range(0, len(cells), 8)]
        total = sum(counts[1] for counts in self.counts.values())
        lines.append(
            ngettext("%(count)s commune a un contour.", "%(count)s communes ont un contour.", total)
            % {"count": _number(total)}
        )
        return lines

    def _touched(self) -> set[str]:
        """Return the départements of the file; without a file, all of them."""
        if self.staged is None:
            return set(self.counts)
        codes = {self.cog.today(code) for code in self.staged.codes}
        return {self.cog.communes[code].departement for code in codes if code}

    def _name(self, code: str) -> str:
        commune = self.cog.communes.get(code)
        return f"{code} {commune.nom}" if commune else code


def _listed(title: str, items: list[str], *, shown: int | None = SHOWN) -> str:
    rest = 0 if shown is None else max(len(items) - shown, 0)
    text = " ; ".join(items if shown is None else items[:shown])
    more = _(" … et %(count)d de plus") % {"count": rest} if rest else ""
    return f"{title} ({_number(len(items))}) : {text}{more}"


def _number(value: int) -> str:
    return f"{value:,}".replace(",", "\u202f")
