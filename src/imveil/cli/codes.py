"""Exit codes, and what each says. docs/cli.md has the same table; a test compares them."""

from __future__ import annotations

DONE, PART, BAD, CONDEMNED, NOT_ENOUGH, FAULT, INTERRUPTED = 0, 1, 2, 3, 4, 70, 130

GATE = {"condemned": CONDEMNED, "not enough was tried": NOT_ENOUGH, "nothing was judged": PART}  # states of audit's

MEANING = {
    DONE: "done, all of it",
    PART: "done in part, or not to be had: pictures were left out, data could not be fetched, the disk is full",
    BAD: "nothing was done: an option, file or key cannot be used; or `verify` found something that is not as it was",
    CONDEMNED: "`audit` with a limit (`--fail-above`, `--ci`, ...): an attack surely recovers or identifies more",
    NOT_ENOUGH: "`audit --ci`: too little was tried to acquit",
    FAULT: "a fault of imveil itself; `IMVEIL_DEBUG=1` shows where",
    INTERRUPTED: "interrupted by Ctrl-C or SIGTERM; the same command goes on",
}
