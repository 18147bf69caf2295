# The weights are a layer of the image: who has the image has the model, and who changes the model makes another image.
ARG PYTHON
FROM ${PYTHON}
WORKDIR /srv
COPY weights weights
COPY app app
EXPOSE 8000
CMD ["python3", "app/main.py"]
