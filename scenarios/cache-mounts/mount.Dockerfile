# The install keeps what it fetched in a cache mount: only lines that are new take time.
ARG BALLAST
FROM ${BALLAST}
WORKDIR /srv
COPY requirements.txt .
# The same install, and a folder that outlives its layer.
RUN --mount=type=cache,target=/cache ["/ballast", "work", "--cache", "/cache", "--cpu", "3s", "--files", "100", "--bytes", "20KiB", "--input", "requirements.txt", "--output", "/opt/packages"]
COPY app app
