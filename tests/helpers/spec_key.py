"""The secret of the vectors in vectors/spec."""

import hashlib

SECRET = hashlib.sha256(b"imveil spec vectors").digest()
