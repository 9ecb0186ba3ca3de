"""A small order database in SQLite, and the two tools over it that a support agent may use."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool
from langgraph.types import interrupt

_SCHEMA = """
CREATE TABLE orders (
    id TEXT PRIMARY KEY, item TEXT NOT NULL, status TEXT NOT NULL, cents INTEGER NOT NULL, refund_reason TEXT
) STRICT
"""
_SAMPLES = (
    ("A-1001", "bicycle lamp", "delivered", 2_450),
    ("A-1002", "cargo bike battery", "in transit, expected on Friday", 48_900),
    ("A-1003", "chain oil", "being packed", 990),
)
APPROVAL_USD = Decimal(50)
"""Refunds above this wait for a person."""


@dataclass(frozen=True, slots=True)
class OrderBook:
    """Orders in a file, which is made with three samples where there is none."""

    path: Path = Path("support_orders.sqlite")

    def find(self, order_id: str) -> dict[str, Any] | None:
        """Return the order, or None."""
        with self._open() as connection:
            row = connection.execute("SELECT * FROM orders WHERE id = ?", [_number(order_id)]).fetchone()
        return None if row is None else {**dict(row), "usd": f"{Decimal(row['cents']) / 100:.2f}"}

    def refund(self, order_id: str, reason: str) -> bool:
        """Mark the order as refunded; False where that was done before, or there is no such order."""
        with self._open() as connection:
            done = connection.execute(
                "UPDATE orders SET status = 'refunded', refund_reason = ? WHERE id = ? AND status <> 'refunded'",
                [reason, _number(order_id)],
            )
            return done.rowcount == 1

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=5.0)) as connection, connection:
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN IMMEDIATE")
            if not connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'orders'").fetchone():
                connection.execute(_SCHEMA)
                connection.executemany("INSERT INTO orders (id, item, status, cents) VALUES (?, ?, ?, ?)", _SAMPLES)
            yield connection


def order_tools(book: OrderBook) -> list[BaseTool]:
    """Return `order_status` and `refund_order`; both work blocking and in an event loop, which they never block."""

    def order_status(order_id: str) -> str:
        """Say what was ordered, where the order is and what it cost. order_id looks like A-1001."""
        return _described(order_id, book.find(order_id))

    async def aorder_status(order_id: str) -> str:
        return _described(order_id, await asyncio.to_thread(book.find, order_id))

    def refund_order(order_id: str, reason: str) -> str:
        """Refund an order. order_id looks like A-1001; reason is the customer's, in a few words."""
        if refusal := _refusal(order_id, reason, book.find(order_id)):
            return refusal
        return _refunded(order_id, book.refund(order_id, reason))

    async def arefund_order(order_id: str, reason: str) -> str:
        if refusal := _refusal(order_id, reason, await asyncio.to_thread(book.find, order_id)):
            return refusal
        return _refunded(order_id, await asyncio.to_thread(book.refund, order_id, reason))

    return [
        StructuredTool.from_function(order_status, aorder_status),
        StructuredTool.from_function(refund_order, arefund_order),
    ]


def _number(order_id: str) -> str:
    return order_id.strip().upper()


def _described(order_id: str, order: dict[str, Any] | None) -> str:
    if order is None:
        return f"There is no order {_number(order_id)}."
    return f"Order {order['id']}: {order['item']}, ${order['usd']}, {order['status']}."


def _refusal(order_id: str, reason: str, order: dict[str, Any] | None) -> str:
    """Return why there is no refund, or nothing; a large one waits for a person, before anything is written."""
    if order is None or order["status"] == "refunded":
        return _described(order_id, order)
    if Decimal(order["usd"]) <= APPROVAL_USD:
        return ""
    question = f"Refund ${order['usd']} for {order['id']}?"
    approved = interrupt({"question": question, "order": order["id"], "usd": order["usd"], "reason": reason})
    return "" if approved is True else f"A person has refused the refund of {order['id']}."


def _refunded(order_id: str, is_done: bool) -> str:
    return f"Order {_number(order_id)} is refunded." if is_done else f"Order {_number(order_id)} was refunded before."
