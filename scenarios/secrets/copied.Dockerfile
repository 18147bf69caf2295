# The token is copied from the context: it stays in the layer of the COPY, and a new one installs everything again.
ARG BALLAST
FROM ${BALLAST}
WORKDIR /srv
COPY requirements.txt token.txt ./
# Stands for an install from an index that asks for a token.
RUN ["/ballast", "work", "--cpu", "1500ms", "--files", "100", "--bytes", "20KiB", "--input", "requirements.txt", "--output", "/opt/packages"]
COPY app app
