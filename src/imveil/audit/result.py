"""Audit: the outcome of an audit as its caller gets it, with the verdict in words and a way to keep it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from pathlib import Path

from imveil.audit.outcome import Outcome
from imveil.audit.verdicts import as_json, line, sentence
from imveil.errors import BadDestination
from imveil.store.files import write_file


@dataclass(repr=False)
class Audit(Outcome):
    """What `audit` and `audit_folder` return. It prints as its verdict.

    `verdict` says it in a sentence or two, `level` in a word; `best` is the finding whose recovery is surely the
    highest (`best.recovery`, `best.low`, `best.high`, `best.identified`, `best.trial`), None where nothing could be
    played; `records` are all measured numbers; `save` keeps it.
    """

    @property
    def verdict(self) -> str:
        """In a sentence or two that can be read without knowing the field."""
        return sentence(self)

    def save(self, path: str | Path, *, force: bool = False) -> None:
        """Write it as a page with pictures (.html), as JSON (.json), or as a table with a line a finding (.csv).

        Raises BadDestination for another ending, and where there is a file already and not `force`; MissingExtra for a
        page without the libraries that draw it.
        """
        target = Path(path)
        if target.exists() and not force:
            raise BadDestination(f"{target} exists already", hint="choose another name, or overwrite it (force)")
        if target.suffix == ".html":
            from imveil.audit.report.page import write_audit

            write_audit(target, self)
        elif target.suffix == ".json":
            write_file(target, f"{json.dumps(as_json(self), indent=1, allow_nan=False)}\n".encode())
        elif target.suffix == ".csv":
            write_file(target, self._table().encode())
        else:
            raise BadDestination(f"an audit is kept as .html, .json or .csv, not as {target.name}")

    def _table(self) -> str:
        lines = [{k: v for k, v in line(one).items() if not isinstance(v, dict | list)} for one in self.findings]
        out = io.StringIO()
        table = csv.DictWriter(out, list(lines[0]) if lines else ["attack"], lineterminator="\n")
        table.writeheader()
        table.writerows(lines)
        return out.getvalue()

    def __str__(self) -> str:
        return self.verdict

    def __repr__(self) -> str:
        return f"<Audit of {self.what}: {self.verdict}>"
