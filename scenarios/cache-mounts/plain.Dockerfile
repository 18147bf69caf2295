# The install begins with nothing, whichever line of the list has changed.
ARG BALLAST
FROM ${BALLAST}
WORKDIR /srv
COPY requirements.txt .
# Stands for an install of twenty packages: each takes its share of the CPU time, as downloading and unpacking do.
RUN ["/ballast", "work", "--cpu", "3s", "--files", "100", "--bytes", "20KiB", "--input", "requirements.txt", "--output", "/opt/packages"]
COPY app app
