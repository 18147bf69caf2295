"""The berths of a small harbour."""

from pydantic import BaseModel, Field


class Berth(BaseModel):
    """A place along the quay."""

    name: str
    length_m: float = Field(gt=0)
    depth_m: float = Field(gt=0)


class Ship(BaseModel):
    """A ship that asks for a place."""

    name: str
    length_m: float = Field(gt=0)
    draught_m: float = Field(gt=0)


BERTHS = [
    Berth(name="north", length_m=60, depth_m=4.5),
    Berth(name="pier", length_m=120, depth_m=7.0),
    Berth(name="deep", length_m=280, depth_m=14.5),
]

UNDER_KEEL_M = 0.5


def shortest_fit(ship: Ship, berths: list[Berth] = BERTHS) -> Berth | None:
    """The shortest berth that takes the ship with water under its keel."""
    fitting = [
        berth
        for berth in berths
        if berth.length_m >= ship.length_m and berth.depth_m >= ship.draught_m + UNDER_KEEL_M
    ]
    return min(fitting, key=lambda berth: berth.length_m, default=None)
