"""Options and arguments that several commands share, said once."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

KEY = "a file, fd:N, env:NAME where NAME names a file, or cmd:PROGRAM that prints it"

KeyOption = Annotated[str, typer.Option("--key", help=f"The key: {KEY}.", show_default=False)]
SchemeOption = Annotated[str, typer.Option("--scheme", help="The scheme; see 'imveil schemes'.", show_default=False)]
Fields = Annotated[
    list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="A field of the scheme; again for others.")
]
OwnScheme = Annotated[
    str | None,
    typer.Option(
        "--scheme", help="The scheme, where it is in a file of yours: mine.py:Stripes. It is run.", show_default=False
    ),
]
Workers = Annotated[int | None, typer.Option(min=1, help="Processes; one for each core unless given.")]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="FORM",
        help="How the pictures lie: folder, table, parquet, webdataset, npz, safetensors, dicom or dicom-window; "
        "recognised unless given.",
    ),
]
Resize = Annotated[
    str | None,
    typer.Option(metavar="SIZE", help="Resize: 256 makes the shorter side so long, 160x240 is height x width."),
]
Pad = Annotated[str | None, typer.Option(metavar="SIZE", help="Put smaller pictures into black ones of this size.")]
Crop = Annotated[str | None, typer.Option(metavar="SIZE", help="Keep the middle of pictures.")]
Copies = Annotated[
    int, typer.Option(help="Versions of each training picture, flipped and shifted at random, to learn more from.")
]
Channels = Annotated[
    str | None, typer.Option(metavar="KIND", help="Make pictures alike: rgb or grey; keep leaves them as they are.")
]
FollowLinks = Annotated[
    bool, typer.Option("--follow-links", help="Encrypt what links lead to outside of the source, too.")
]
Column = Annotated[str | None, typer.Option(metavar="NAME", help="The column of pictures in Parquet files.")]
Splits = Annotated[str | None, typer.Option(metavar="A,B", help="Only these splits of the source.")]
Ciphers = Annotated[
    Path,
    typer.Argument(
        help="A cipher data set (a folder with imveil.json); a round's total; plain pictures for a head.",
        show_default=False,
    ),
]
ModelFile = Annotated[Path, typer.Argument(metavar="MODEL", help="The model file.", show_default=False)]
Threads = Annotated[int | None, typer.Option(min=1, help="Processor threads; all cores unless given.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite the file that is there.")]


class Device(StrEnum):
    """Where to compute."""

    auto = "auto"
    cpu = "cpu"
    cuda = "cuda"


Where = Annotated[Device, typer.Option("--device", help="Where to compute; auto takes CUDA where there is one.")]
