"""The command line, asked again and again in one process, for tests that need hundreds of runs. `Asked` starts it and
talks to it: a line of JSON in, the words; a line of JSON out, exit code and standard error."""

from __future__ import annotations

import contextlib
import io
import json
import resource
import select
import subprocess
import sys
from pathlib import Path

SECONDS = 60  # for one run; the slowest of machines needs a fraction
MEMORY = 8 << 30


class Asked:
    """A process that answers, which may not take for ever, nor all memory: `code, err = asked("encrypt", ...)`."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),
        )

    def __call__(self, *words: str) -> tuple[int, str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        assert select.select([self.process.stdout], [], [], SECONDS)[0], f"{words} hangs"
        answer = self.process.stdout.readline()
        assert answer, f"{words} ended the process: {self.process.wait()}"
        code, err = json.loads(answer)
        return code, err

    def __enter__(self) -> Asked:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()


def main() -> None:
    from imveil.cli import main

    answers = sys.stdout
    for line in sys.stdin:
        err, code = io.StringIO(), None
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(err):
            try:
                main(json.loads(line))
            except SystemExit as end:
                code = end.code
        print(json.dumps([code, err.getvalue()]), file=answers, flush=True)


if __name__ == "__main__":
    main()
