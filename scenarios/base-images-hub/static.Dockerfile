# Another program: a server in Rust, one static file and nothing else. A copy, so that the file is this image's own: the
# container that holds the network of a start runs the other.
ARG BASE
FROM ${BASE} AS program

FROM scratch
COPY --from=program /ballast /server
EXPOSE 8000
CMD ["/server", "serve", "--port", "8000"]
