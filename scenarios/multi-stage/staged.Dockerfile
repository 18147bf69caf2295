# A stage for each build, on the same tools, and an image that holds what they made and nothing else.
ARG BALLAST
FROM ${BALLAST} AS tools
WORKDIR /src
# Stands for the tools of both builds.
RUN ["/ballast", "work", "--cpu", "500ms", "--files", "200", "--bytes", "100KiB", "--output", "/tools"]

FROM tools AS ui
COPY ui ui
# Stands for a bundler.
RUN ["/ballast", "work", "--cpu", "2s", "--files", "20", "--bytes", "50KiB", "--input", "ui", "--output", "/dist/ui"]

FROM tools AS service
COPY service service
# Stands for a compiler.
RUN ["/ballast", "work", "--cpu", "2s", "--files", "1", "--bytes", "5MiB", "--input", "service", "--output", "/dist/service"]

FROM ${BALLAST}
COPY --from=ui /dist/ui /dist/ui
COPY --from=service /dist/service /dist/service
