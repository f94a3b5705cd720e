"""The file of errors: what a row said is opened in a spreadsheet."""

from pathlib import Path

from contributions.imports.errors import ErrorFile


def test_no_line_of_errors_is_a_formula(tmp_path: Path) -> None:
    """What a file said, a spreadsheet opens."""
    with ErrorFile(tmp_path / "erreurs.csv") as errors:
        errors.add(3, [("=1+1", "@SUM(A1)"), ("nom", "Trop long.")])
    lines = (tmp_path / "erreurs.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[1:] == ["3;'=1+1;'@SUM(A1)", "3;nom;Trop long."]
