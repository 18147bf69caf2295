# Everything is copied above the one instruction that compiles: each commit compiles all dependencies again.
ARG RUST
FROM ${RUST}
WORKDIR /seatrial
COPY . .
RUN cargo check --locked --quiet --bin seatrial
