# The whole context is copied above the install: any kept file that changes runs the install again.
ARG BALLAST
FROM ${BALLAST}
WORKDIR /srv
COPY . .
# Stands for `pip install -r requirements.txt`: takes CPU time and writes files that follow from the list.
RUN ["/ballast", "work", "--cpu", "900ms", "--files", "100", "--bytes", "20KiB", "--input", "requirements.txt", "--output", "/opt/packages"]
EXPOSE 8000
# Stands for a service that imports its modules before it listens, and warms up before it is ready.
CMD ["/ballast", "serve", "--port", "8000", "--listen-after", "40ms", "--ready-after", "80ms"]
