"""Every error that imveil raises, in one tree. The depth states the fact, the edge adds the context.

    ImveilError
    |-- BadInput (ValueError)            what was given cannot be used
    |   |-- BadShape                     an array, a block or a plan of the wrong size
    |   |-- BadDtype (TypeError)         an array of the wrong kind of numbers
    |   |-- BadField (TypeError)         an unknown field of a scheme, or a value it does not take
    |   |-- BadMaterial                  key material that is malformed or known to be weak
    |   |-- BadIds                       image ids missing, repeated or of the wrong number
    |   |-- BadImage                     a file that is no image, a broken one, one that is too large
    |   |-- BadSource                    a folder or file that holds no data set that can be read
    |   `-- BadDestination               a place that cannot be written to, or holds something else
    |-- UnknownName (LookupError)        no scheme, model, ... of that name
    |-- BadPart (ImportError)            a part of a file or of another package fails, or its name is taken
    |-- NotInvertible                    this cannot be decrypted, by design
    |-- KeyProblem                       something is wrong with a key
    |   |-- BadKeyFile                   missing, empty, foreign, truncated or altered key file
    |   |-- InsecureKeyFile              others may read the key file
    |   |-- WrongPassphrase              the passphrase does not open the key file
    |   |-- WrongKey                     the key is not the one that was used; both fingerprints are named
    |   `-- SecretLeak (TypeError)       someone tried to pickle or serialise a secret
    |-- StoreProblem                     something is wrong with a cipher data set
    |   |-- BadManifest                  missing, malformed, altered, or of an unknown version
    |   |-- BadShard                     a shard is missing or differs from the manifest
    |   |-- BadMessage                   a round, sum, total, head, query or answer is missing, foreign or altered
    |   `-- Mismatch                     data and model do not belong together (scheme, fields, key)
    |-- Refused                          it would tell more about pictures than was agreed
    |-- TrainingProblem                  a training run cannot start or go on
    |   |-- Diverged                     a net answers no numbers, or one class to all pictures
    |   `-- BadModelFile                 a model or checkpoint file is missing, foreign, truncated or altered
    |-- Unavailable                      data that could not be found or fetched
    `-- MissingExtra (ImportError)       an optional part of imveil is not installed

Each error carries `message` (what was needed, what came) and `hint` (what to do), and the exit code that
the command line gives for it. Names of files, classes and splits may come from a stranger: whatever an error says
goes through `shown`, and so does every other line that the command line writes.

>>> str(BadShape("blocks of 4x4 do not tile 30x30", hint="pad the image"))
'blocks of 4x4 do not tile 30x30; pad the image'
"""

from __future__ import annotations

import unicodedata

# Control, format (bidi marks among them), lone surrogate, unassigned, private; line and paragraph separators.
_UNSEEN = {"Cc", "Cf", "Cs", "Cn", "Co", "Zl", "Zp"}


def shown(text: object) -> str:
    """Text that came from outside, safe to show: on one line, and nothing in it moves the cursor or turns it around.

    Characters that a terminal would obey or hide are written as escapes: control characters, line ends, bidi marks,
    zero-width characters, bytes of a file name that are no UTF-8. Everything else stays, and so does text that was
    shown before.

    >>> print(shown("cat\\n\\x1b[2Kas its owner wrote it"))
    cat\\n\\x1b[2Kas its owner wrote it
    >>> print(shown("\\u202egnp.exe"), shown("Käse 猫"))
    \\u202egnp.exe Käse 猫
    """
    text = str(text)
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(char) if unicodedata.category(char) in _UNSEEN else char for char in text)


def brief(value: object, most: int = 80) -> str:
    """A value that came from outside, in at most this many characters, as a message may quote it.

    >>> brief("a" * 100, 10), brief(7)
    ("'aaaaaa...", '7')
    """
    text = repr(value[: 2 * most] if isinstance(value, (str, bytes, list)) else value)
    return text if len(text) <= most else text[: most - 3] + "..."


def _escaped(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # a byte of a file name that is no UTF-8
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape", "surrogatepass").decode("ascii")


class ImveilError(Exception):
    """The root of all errors of imveil. message: the fact, hint: what to do about it (may be empty)."""

    exit_code = 2

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return shown(f"{self.message}; {self.hint}" if self.hint else self.message)


class BadInput(ImveilError, ValueError):
    """What was given cannot be used."""


class BadShape(BadInput):
    """An array, a block or a plan has the wrong size."""


class BadDtype(BadInput, TypeError):
    """An array holds the wrong kind of numbers (images are uint8)."""


class BadField(BadInput, TypeError):
    """A scheme has no such field, or the field does not take that value."""


class BadMaterial(BadInput):
    """Key material is malformed, or known to be weak."""


class BadIds(BadInput):
    """The ids of images are missing, repeated, or not as many as the images."""


class BadImage(BadInput):
    """A file is not an image, is broken, animated, or too large to open safely."""


class BadSource(BadInput):
    """A folder or file holds no data set that can be read."""


class BadDestination(BadInput):
    """A place cannot be written to, or holds something else."""


class UnknownName(ImveilError, LookupError):
    """There is no scheme, model, attack or metric of that name."""


class BadPart(ImveilError, ImportError):
    """A part of a user's file or of another package cannot be imported, or its name is taken."""


class NotInvertible(ImveilError):
    """This cannot be decrypted, by design."""


class KeyProblem(ImveilError):
    """Something is wrong with a key. No message of this branch ever holds secret bytes."""


class BadKeyFile(KeyProblem):
    """A key file is missing, empty, foreign, truncated or altered."""


class InsecureKeyFile(KeyProblem):
    """Others than the owner may read the key file."""


class WrongPassphrase(KeyProblem):
    """The passphrase does not open the key file."""


class WrongKey(KeyProblem):
    """The key is not the one that was used. The message names both fingerprints."""


class SecretLeak(KeyProblem, TypeError):
    """Someone tried to pickle, serialise or print a secret."""


class StoreProblem(ImveilError):
    """Something is wrong with a cipher data set."""


class BadManifest(StoreProblem):
    """The manifest is missing, malformed, altered, or of an unknown version."""


class BadShard(StoreProblem):
    """A shard is missing, or its bytes differ from what the manifest says."""


class BadMessage(StoreProblem):
    """A round, sum, total, head, query or answer is missing, foreign, cut off or altered."""


class Mismatch(StoreProblem):
    """Data and model do not belong together: scheme, fields or key fingerprint differ."""


class Refused(ImveilError):
    """It would tell more about pictures than was agreed: a round twice, a budget spent, too few pictures."""


class TrainingProblem(ImveilError):
    """A training run cannot start or go on (too few classes, a loss that became NaN, ...)."""


class Diverged(TrainingProblem):
    """A net answers with no numbers, or with one class to all pictures."""


class BadModelFile(TrainingProblem):
    """A model file or a checkpoint is missing, foreign, truncated or altered."""


class Unavailable(ImveilError):
    """Data could not be found or fetched."""

    exit_code = 1


class MissingExtra(ImveilError, ImportError):
    """An optional part of imveil is not installed; the hint names the extra."""
