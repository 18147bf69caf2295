# The token is a secret: it is there while the instruction runs, and nowhere afterwards.
ARG BALLAST
FROM ${BALLAST}
WORKDIR /srv
COPY requirements.txt .
# Stands for an install from an index that asks for a token.
RUN --mount=type=secret,id=token,required=true ["/ballast", "work", "--cpu", "1500ms", "--files", "100", "--bytes", "20KiB", "--input", "requirements.txt", "--output", "/opt/packages"]
COPY app app
