# Only the list of requirements is copied above the install: an edit of the source leaves it cached.
ARG BALLAST
FROM ${BALLAST}
WORKDIR /srv
COPY requirements.txt .
# Stands for `pip install -r requirements.txt`: takes CPU time and writes files that follow from the list.
RUN ["/ballast", "work", "--cpu", "900ms", "--files", "100", "--bytes", "20KiB", "--input", "requirements.txt", "--output", "/opt/packages"]
COPY . .
EXPOSE 8000
# Stands for a service that imports its modules before it listens, and warms up before it is ready.
CMD ["/ballast", "serve", "--port", "8000", "--listen-after", "40ms", "--ready-after", "80ms"]
