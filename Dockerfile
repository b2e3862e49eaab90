# Rust notebooks with sentire, everything compiled:
#
#   docker build --target notebooks -t sentire-notebooks .
#   docker run --rm -p 127.0.0.1:8888:8888 sentire-notebooks
#
# and open the address that it prints, with its token. Corpora of your own: -v DIR:/corpora:ro.
FROM rust:1.95-bookworm AS notebooks
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home listener \
    && mkdir -p /sentire/outputs \
    && chown -R listener /sentire
USER listener
WORKDIR /sentire
COPY --chown=listener Cargo.toml Cargo.lock README.md ./
COPY --chown=listener src src
COPY --chown=listener benches benches
COPY --chown=listener tests tests
COPY --chown=listener corpora corpora
COPY --chown=listener notebooks notebooks
# The kernel, Jupyter, and what the first cells of the notebooks compile.
RUN notebooks/start --set-up
EXPOSE 8888
CMD ["notebooks/start", "--ip=0.0.0.0", "--no-browser"]
