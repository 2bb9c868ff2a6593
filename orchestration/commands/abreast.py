"""Several pieces of work at a time."""

from __future__ import annotations

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")


def side_by_side(work: Callable[[A], B], items: Collection[A]) -> dict[A, B]:
    """Each item's result; all are waited for, then the first failure is raised."""
    with ThreadPoolExecutor(max_workers=max(1, len(items))) as pool:
        return dict(zip(items, pool.map(work, items), strict=True))
