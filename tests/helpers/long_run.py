"""One long run of the owner's on made pictures in small shards, which tells each step: a process for the tests of
interruption.

python long_run.py encrypt|decrypt|rekey|seal|move|unseal SOURCE DESTINATION WORKERS CONTAINER
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def run(what: str, source: Path, destination: Path, workers: int, container: str, told: object = None) -> None:
    """The run of this name. move: sealing that takes away what it has sealed."""
    import imveil
    from imveil.owner import encryption
    from imveil.owner.decryption import decrypt_set
    from imveil.owner.rekeying import rekey_set
    from imveil.owner.sealed_sets import seal_set, unseal_set
    from made_source import made

    encryption.SHARD = 20
    key, options = imveil.Key(b"k" * 32), {"workers": workers, "progress": told}
    if what == "encrypt":
        lossy = container == "jpeg"
        scheme = imveil.find("etc/1", block=16) if lossy else imveil.find("aes-ctr-control/1")
        encryption.encrypt_set(made(1000), destination, scheme, key, container=container, **options)
    elif what == "decrypt":
        decrypt_set(source, destination, key, **options)
    elif what == "rekey":
        rekey_set(source, destination, key, imveil.Key(b"n" * 32), **options)
    elif what == "unseal":
        unseal_set(source, destination, key, **options)
    else:
        seal_set(source, destination, key, move=what == "move", **options)


def main() -> None:
    what, source, destination, workers, container = sys.argv[1:]

    def told(at: object) -> None:
        del at
        print("step", flush=True)

    try:
        run(what, Path(source), Path(destination), int(workers), container, told)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
