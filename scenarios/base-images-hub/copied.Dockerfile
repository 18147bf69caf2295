# The base has neither pip nor a shell: the packages are installed on the small base and copied.
ARG SLIM
ARG BASE
FROM ${SLIM} AS packages
WORKDIR /srv
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore --target packages -r requirements.txt
COPY app app
RUN python3 -m compileall -q app

FROM ${BASE}
WORKDIR /srv
COPY --from=packages /srv /srv
ENV PYTHONPATH=/srv/packages
EXPOSE 8000
ENTRYPOINT ["/usr/bin/python3", "-m", "uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]
