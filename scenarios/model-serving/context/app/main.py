"""The network over HTTP."""

from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field

from app.model import WIDTH, Network

WEIGHTS = Path("weights")


@asynccontextmanager
async def lifespan(app: FastAPI):
    """No request is taken before the weights are loaded."""
    app.state.network = Network.load(WEIGHTS)
    yield


app = FastAPI(title="Scores", lifespan=lifespan)


class Question(BaseModel):
    """What is to be scored."""

    features: Annotated[list[float], Field(min_length=1, max_length=WIDTH)]


@app.get("/health")
def health(request: Request) -> dict[str, str | int]:
    """Answers when the weights are loaded."""
    return {"status": "ok", "layers": len(request.app.state.network.layers)}


@app.post("/score")
def score(question: Question, request: Request) -> dict[str, float]:
    """The score of the features."""
    return {"score": request.app.state.network.score(question.features)}
