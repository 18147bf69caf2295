"""The two pages of the tide service."""

from flask import Flask, request

from app.tides import first_passable

app = Flask(__name__)


@app.get("/health")
def health():
    return "ok"


@app.get("/passable")
def passable():
    low, high, draught = (float(request.args[name]) for name in ("low", "high", "draught"))
    sixths = first_passable(low, high, draught)
    return {"sixths_after_low_water": sixths}
