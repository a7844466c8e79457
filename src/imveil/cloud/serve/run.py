"""Running the service: an ASGI server with TLS, workers and a drain, and logs of one line of JSON each."""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import socket
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from imveil.cloud.serve.guard import Door
from imveil.errors import BadInput, Unavailable
from imveil.extras import need

SETTINGS = "IMVEIL_SERVE"
DRAIN = 30  # seconds for requests that are under way
_HEADER_BYTES = 1 << 16  # that are held of a request before its header is whole


@dataclass(frozen=True)
class Place:
    """What is served, where and how. token_file: a file whose first line is the token."""

    models: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = 8700
    token_file: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    page: bool = False
    workers: int = 1
    rate: float = 0.0
    most_mb: int = 64
    connections: int = 512
    device: str = ""

    @property
    def warning(self) -> str:
        """What to say where others than this machine may ask; empty where all is well."""
        lacking = [what for what, there in (("TLS", self.tls_cert), ("a token", self.token_file)) if not there]
        if _loopback(self.host) or not lacking:
            return ""
        return f"{self.host} can be reached from elsewhere, without {' and without '.join(lacking)}"

    def check(self) -> None:
        """Raises BadInput, Unavailable for what cannot be, before anything is started."""
        if self.page and self.workers > 1:
            raise BadInput(
                "the page needs one process: its attack works on what one has seen",
                hint="leave out --page or --workers",
            )
        if bool(self.tls_cert) != bool(self.tls_key):
            raise BadInput("TLS needs a certificate and its key", hint="give --tls-cert and --tls-key")
        for file in (self.token_file, self.tls_cert, self.tls_key):
            if file and not Path(file).is_file():
                raise BadInput(f"{file} is not there")
        if self.token_file and not _token(self.token_file):
            raise BadInput(f"{self.token_file} holds no token", hint="its first line is the token")
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.host, self.port))
            except OSError as error:
                reason = error.strerror or str(error)
                raise Unavailable(
                    f"port {self.port} of {self.host} cannot be had: {reason}", hint="name another"
                ) from error


def run(place: Place, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or SIGINT; what is under way is answered first. Raises as `Place.check`, BadModelFile.

    ready: called once the models were read, before anyone is answered.
    """
    uvicorn = need("uvicorn", "serve", "the service")
    place.check()
    settings: dict[str, Any] = {
        "host": place.host,
        "port": place.port,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "date_header": True,
        "timeout_graceful_shutdown": DRAIN,
        "timeout_keep_alive": 15,
        "limit_concurrency": place.connections,
        "h11_max_incomplete_event_size": _HEADER_BYTES,
        "ssl_certfile": place.tls_cert or None,
        "ssl_keyfile": place.tls_key or None,
    }
    os.environ[SETTINGS] = json.dumps(asdict(place))
    made = application()  # with workers too: what cannot be read is said once, and not by each of them again and again
    ready()
    if place.workers > 1:
        from imveil.cloud.serve.meters import shared_folder

        del made
        with shared_folder():
            uvicorn.run("imveil.cloud.serve.run:application", factory=True, workers=place.workers, **settings)
    else:
        uvicorn.run(made, **settings)


def application() -> Any:
    """The application that the environment describes: what each worker starts."""
    need("fastapi", "serve", "the service")
    need("prometheus_client", "serve", "the service")
    from imveil.cloud.serve.app import Options, service
    from imveil.cloud.serve.repository import Repository

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    place = Place(**json.loads(os.environ[SETTINGS]))
    rate = place.rate / place.workers  # connections are shared out among them
    door = Door(_token(place.token_file) if place.token_file else "", rate, place.most_mb << 20)
    models = Repository([Path(file) for file in place.models], place.device or None)
    return service(models, Options(door, page=place.page))


def _token(file: str) -> str:
    return Path(file).read_text(encoding="utf-8").partition("\n")[0].strip()


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
