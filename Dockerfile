# Two images. The program alone, by default (without aubio: MIT or Apache-2.0, but for the model in it):
#
#   docker build -t sentire .
#   docker run --rm -p 127.0.0.1:8080:8080 sentire                      the page, on http://127.0.0.1:8080
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/data" -w /data sentire score calls -o predictions.parquet
#                                                       as who you are, who may write there
#
# (over https, with a proxy: src/serve/proxy/compose.yaml) and Rust notebooks with everything compiled:
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

FROM rust:1.95-bookworm AS build
WORKDIR /sentire
COPY Cargo.toml Cargo.lock README.md ./
COPY src src
COPY benches benches
COPY tests tests
COPY corpora corpora
RUN cargo build --release --locked --no-default-features --features baselines,default-model,frame,serve

# Not root, no shell: the program, the C library, and licences.
FROM gcr.io/distroless/cc-debian12:nonroot AS sentire
COPY --from=build /sentire/target/release/sentire /usr/local/bin/
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/sentire/
COPY src/model/built_in/LICENSE /usr/share/doc/sentire/LICENSE-model
ENV HOST=0.0.0.0 PORT=8080
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/sentire"]
CMD ["serve"]
