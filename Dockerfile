# The command line in a container. Not built by the project's tests: build it, and see it work, before you rely on it.
#   docker build -t imveil .                              the core: encrypts, decrypts, verifies; no torch
#   docker build -t imveil --build-arg EXTRAS=[train] .   with training, and torch as its index gives it
#   docker run --rm --network none -v "$PWD:/work" imveil encrypt pictures ciphers --key owner.key --scheme negpos/1
FROM python:3.13-slim AS build
ARG EXTRAS=
WORKDIR /source
COPY . .
RUN python -m venv /opt/imveil && /opt/imveil/bin/pip install --no-cache-dir -c constraints.txt ".${EXTRAS}"

FROM python:3.13-slim
COPY --from=build /opt/imveil /opt/imveil
RUN useradd --create-home imveil
USER imveil
WORKDIR /work
ENTRYPOINT ["/opt/imveil/bin/imveil"]
CMD ["--help"]
