# The token is a build argument: it stays in the image's history, and a new one installs everything again.
ARG BALLAST
FROM ${BALLAST}
WORKDIR /srv
COPY requirements.txt .
# As `docker build --build-arg TOKEN=...` would give it.
ARG TOKEN=harbour-4711
# Stands for an install from an index that asks for a token.
RUN ["/ballast", "work", "--cpu", "1500ms", "--files", "100", "--bytes", "20KiB", "--input", "requirements.txt", "--output", "/opt/packages"]
COPY app app
