"""A harbour office over HTTP."""

from fastapi import FastAPI, HTTPException

from app.berths import BERTHS, Berth, Ship, shortest_fit

app = FastAPI(title="Harbour office")


@app.get("/health")
def health() -> dict[str, str]:
    """Answers as soon as the service takes requests."""
    return {"status": "ok"}


@app.get("/berths")
def berths() -> list[Berth]:
    """All berths."""
    return BERTHS


@app.post("/arrivals")
def arrival(ship: Ship) -> Berth:
    """The berth for an arriving ship."""
    berth = shortest_fit(ship)
    if berth is None:
        raise HTTPException(status_code=409, detail=f"no berth takes {ship.name}")
    return berth
