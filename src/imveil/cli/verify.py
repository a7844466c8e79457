"""`imveil verify`: whether a data set is what its owner wrote."""

from __future__ import annotations

from typing import Annotated

import typer

from imveil.cli.codes import BAD
from imveil.cli.options import OwnScheme
from imveil.cli.progress import interruptible, working
from imveil.cli.words import note, notes, say

GROUP = "Owner"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("verify")(verify)


def verify(
    source: Annotated[
        str,
        typer.Argument(metavar="CIPHERS", help="A cipher data set, sealed or not, or its address.", show_default=False),
    ],
    key: Annotated[
        str | None, typer.Option("--key", help="The owner's key; without it only accidents are found.")
    ] = None,
    scheme: OwnScheme = None,
) -> None:
    """Read every byte of a data set, and say whether it is what its owner wrote; if not, which pictures are not.

    With the owner's key it catches a cloud that altered, exchanged, dropped, repeated or reordered pictures and made
    all digests fit. It cannot tell that an older data set was put back whole: compare the digest that is printed.

    \b
    Examples:
      imveil verify ciphers/ --key my.key
    """
    from imveil.cli.secrets import open_key
    from imveil.owner.orders import dispatch
    from imveil.store.far import named

    with interruptible(), working("verifying"):
        verdict = dispatch.verify(source, None if key is None else open_key(key), scheme=scheme)
    wrong = verdict.wrong
    if wrong:
        notes(wrong, verdict.count)
        some = "one thing is" if verdict.count == 1 else f"{verdict.count:,} things are"
        note(f"{some} not as its owner wrote it")
        raise typer.Exit(code=BAD)
    how = (
        "as its owner wrote it" if verdict.proven else "as its digests say; without --key nothing proves who wrote them"
    )
    fewer = f" ({verdict.left_out:,} more were left out when it was made)" if verdict.left_out else ""
    say(f"{named(source)}: {verdict.images:,} pictures{fewer}, {how}; manifest {verdict.sha256}")
