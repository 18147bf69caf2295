# Everything is copied above the install: an edit of the code installs numpy again.
ARG PYTHON
FROM ${PYTHON}
WORKDIR /srv
COPY . .
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore -r requirements.txt
EXPOSE 8000
CMD ["python3", "-m", "uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]
