"""Encrypts or decrypts made pictures in small shards and tells each step: a process for the tests of interruption.

python long_run.py encrypt|decrypt SOURCE DESTINATION WORKERS CONTAINER
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def main() -> None:
    import imveil
    from imveil.owner import encrypt
    from imveil.owner.decrypt import decrypt_set
    from made_source import made

    what, source, destination, workers, container = sys.argv[1:]
    encrypt.SHARD = 20
    key = imveil.Key(b"k" * 32)

    def told(at: object) -> None:
        del at
        print("step", flush=True)

    try:
        if what == "encrypt":
            scheme = imveil.find("aes-ctr-control/1")
            encrypt.encrypt_set(
                made(1000), destination, scheme, key, container=container, workers=int(workers), progress=told
            )
        else:
            decrypt_set(source, destination, key, workers=int(workers), progress=told)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
