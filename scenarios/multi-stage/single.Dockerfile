# One stage: what the builds need stays in the image, and the second build waits for the first.
ARG BALLAST
FROM ${BALLAST}
WORKDIR /src
# Stands for the tools of both builds.
RUN ["/ballast", "work", "--cpu", "500ms", "--files", "200", "--bytes", "100KiB", "--output", "/tools"]
COPY ui ui
# Stands for a bundler.
RUN ["/ballast", "work", "--cpu", "2s", "--files", "20", "--bytes", "50KiB", "--input", "ui", "--output", "/dist/ui"]
COPY service service
# Stands for a compiler.
RUN ["/ballast", "work", "--cpu", "2s", "--files", "1", "--bytes", "5MiB", "--input", "service", "--output", "/dist/service"]
