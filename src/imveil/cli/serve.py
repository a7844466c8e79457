"""`imveil serve`: models behind the Open Inference Protocol v2. It takes no key, and refuses one that arrives."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from imveil.cli.words import fact, note

GROUP = "Cloud"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    models: Annotated[
        list[Path], typer.Argument(help="Model files, or heads of the private path.", show_default=False)
    ],
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port.")] = 8700,
    token_file: Annotated[
        Path | None, typer.Option(help="A file whose first line every request must bring as its bearer token.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="A certificate, for https.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="The certificate's private key.")] = None,
    page: Annotated[bool, typer.Option("--page", help="Serve the page that encrypts in the browser, too.")] = False,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    rate: Annotated[float, typer.Option(min=0, help="Requests a second for each token; 0 for any number.")] = 0.0,
    most_mb: Annotated[int, typer.Option("--most-mb", min=1, help="The largest body, in MB.")] = 64,
) -> None:
    """Serve models in the protocol that inference servers share: REST, JSON and binary tensors.

    Owners ask with `imveil ask`, with any client of the Open Inference Protocol, or on the page. Models are read again
    when their file changes. SIGTERM ends it when what is under way has been answered.

    \b
    Examples:
      imveil serve model.safetensors --page
      imveil serve a.safetensors b.safetensors --port 8080 --token-file token.txt
      imveil serve model.safetensors --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem --token-file token.txt
    """
    from imveil.cloud.serve.run import Place, run

    files = {"token_file": token_file, "tls_cert": tls_cert, "tls_key": tls_key}
    named: Any = {name: str(file) for name, file in files.items() if file is not None}
    place = Place(tuple(map(str, models)), host, port, page=page, workers=workers, rate=rate, most_mb=most_mb, **named)
    if place.warning:
        note(place.warning)
    place.check()

    def ready() -> None:
        fact("models", ", ".join(file.name for file in models))
        fact("address", f"{'https' if tls_cert else 'http'}://{host}:{port}/" + ("" if page else "v2"))

    run(place, ready)
