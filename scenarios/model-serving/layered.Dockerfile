# What changes least often comes first: packages, weights, code. An edit of the code stores the code.
ARG PYTHON
FROM ${PYTHON}
WORKDIR /srv
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore -r requirements.txt
COPY weights weights
COPY app app
EXPOSE 8000
CMD ["python3", "-m", "uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]
