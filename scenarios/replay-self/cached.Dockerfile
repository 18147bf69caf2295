# The dependencies are compiled from the manifests and empty sources: a commit that leaves the manifests alone finds them.
ARG RUST
FROM ${RUST}
WORKDIR /seatrial
COPY Cargo.toml Cargo.lock ./
RUN mkdir src benches \
    && touch src/lib.rs \
    && echo 'fn main() {}' | tee build.rs >src/main.rs \
    && for bench in $(sed -n '/^\[\[bench\]\]/{n;s/name = "\(.*\)"/\1/p}' Cargo.toml); do touch "benches/$bench.rs"; done \
    && cargo check --locked --quiet --bin seatrial
COPY . .
# A file of a commit can be older than what was compiled from the empty one.
RUN touch build.rs src/lib.rs src/main.rs && cargo check --locked --quiet --bin seatrial
