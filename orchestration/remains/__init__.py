"""What a teardown removed and what it left: whose a thing is, and the command that removes it. Pure."""

from orchestration.remains.model import Found, Item, Kind, Remain, TeardownReport, Thing, Unseen
from orchestration.remains.ownership import Ours, recognised
from orchestration.remains.removal import removal

__all__ = [
    "Found",
    "Item",
    "Kind",
    "Ours",
    "Remain",
    "TeardownReport",
    "Thing",
    "Unseen",
    "recognised",
    "removal",
]
