ARG PYTHON
FROM ${PYTHON}
WORKDIR /srv
COPY requirements.txt .
# Without bytecode: every container that is new compiles what it imports, and keeps that to itself.
RUN pip install --no-cache-dir --no-compile -r requirements.txt
COPY app app
EXPOSE 8000
CMD ["python3", "-m", "uvicorn", "app.main:app", "--host", "0.0.0.0", "--port", "8000"]
