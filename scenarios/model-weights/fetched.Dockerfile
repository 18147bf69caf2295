# No weights: each start fetches them. The ignore file beside this one keeps them out of what is sent.
ARG PYTHON
FROM ${PYTHON}
WORKDIR /srv
COPY app app
EXPOSE 8000
CMD ["python3", "app/main.py"]
