"""The ledger in a file: SQLite, one writer thread, a bounded queue, batches.

Calls only put rows into a queue; the thread alone waits for the disk or for another process's lock. A reservation is
written when an attempt begins and released when its row is there, so that a crash between answer and row shows up
as a row `lost` at the next start.
"""

import atexit
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Lock, Thread
from time import monotonic
from typing import Literal
from uuid import uuid4
from weakref import WeakSet

from langchain_modelrouter.dispatch import ledger_table
from langchain_modelrouter.dispatch.forking import renew_after_fork
from langchain_modelrouter.dispatch.ledger import LedgerRow, Window

logger = logging.getLogger("langchain_modelrouter")

BATCH_S = 0.05
"""How long rows gather before they are written: the most that a crash of the process can lose."""
BATCH_ROWS = 5_000
IDLE_S = 5.0
"""The thread ends when it has had nothing to do for so long."""
LOCKED_S = 2.0
"""How long the writer waits for another process before it says so; it goes on trying."""
RETRY_S = 0.2
FLUSH_S = 5.0
REPORT_EVERY_S = 60.0
FORGET_EVERY_S = 3600.0

_What = Literal["begun", "settled", "released"]
_Item = tuple[_What, tuple[str, int], LedgerRow | None] | Event | None
"""What happened to an attempt; or a wish to know when all before it is written; None: the thread may end."""

_open: "WeakSet[SqliteLedger]" = WeakSet()
_parents_connections: list[sqlite3.Connection] = []
"""Connections that a forked child has inherited; closing one there could harm the parent's file."""


class SqliteLedger:
    """Rows in a SQLite file. Thread-safe, and safe to use after a fork; no call waits for the file.

    Where the file cannot be written (full disk, foreign lock) rows wait in the queue; what does not fit is counted in
    `dropped`. A `strict` ledger then refuses calls before they spend.
    """

    reserves = True

    def __init__(
        self, path: Path, *, queue_size: int = 10_000, retention_days: int | None = None, strict: bool = False
    ) -> None:
        self.path, self._size, self._retention_days, self._strict = (
            path.expanduser(),
            queue_size,
            retention_days,
            strict,
        )
        self.dropped = 0
        """Rows that were not recorded, since the file could not be written and the queue was full."""
        self._connection: sqlite3.Connection | None = None
        self.after_fork()
        renew_after_fork(self)
        _open.add(self)
        self._wake()
        if strict:
            self.flush(LOCKED_S)

    def after_fork(self) -> None:
        """Start anew in a child: the parent writes what is in its queue."""
        if self._connection is not None:
            _parents_connections.append(self._connection)
        self._connection = None
        self._queue: SimpleQueue[_Item] = SimpleQueue()
        self._lock, self._urgent = Lock(), Event()
        self._thread: Thread | None = None
        self._session = uuid4().hex
        self._is_reconciled = False
        self._problem: str | None = None
        self._reported_at: dict[str, float] = {}
        self._forgot_at = float("-inf")

    # --- for the calls ---------------------------------------------------------------------------

    def reserve(self, row: LedgerRow) -> None:
        """Take note that an attempt begins: `row` is what stands if the process ends before the attempt does."""
        if self._queue.qsize() < self._size:
            self._put("begun", row.call_id, row.number, row)

    def record(self, row: LedgerRow) -> None:
        """Add one row; it never blocks and never fails a call."""
        if self._queue.qsize() >= self._size:
            with self._lock:
                self.dropped += 1
            self._report("drop", f"The queue of the ledger {self.path} is full; rows dropped: {self.dropped}")
            return
        self._put("settled", row.call_id, row.number, row)

    def release(self, call_id: str, number: int) -> None:
        """Take a reservation back: the attempt was none, such as a reply from a cache."""
        self._put("released", call_id, number, None)

    def refusal(self) -> str | None:
        """Return why no call may be made: a strict ledger cannot record it. None where one may."""
        if not self._strict:
            return None
        if self._problem is None and self._queue.qsize() >= self._size:
            return f"the queue of {self.path} is full"
        return self._problem

    # --- reading ---------------------------------------------------------------------------------

    def rows(self, since: datetime | None = None) -> list[LedgerRow]:
        """Return the rows, the oldest first: those of all processes and runs that used the file."""
        with self._reading() as connection:
            return ledger_table.read(connection, since)

    def spent(self, per: Window, since: datetime | None = None) -> dict[str, Decimal]:
        """Return window to the sum of its known costs, in USD; nothing where the file cannot be read."""
        try:
            with self._reading() as connection:
                return ledger_table.spent(connection, per, since)
        except sqlite3.Error as error:
            logger.error("Budgets begin at 0, since the ledger %s cannot be read: %s", self.path, error)
            return {}

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        self.flush()
        with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            yield connection

    # --- writing ---------------------------------------------------------------------------------

    def flush(self, timeout_s: float = FLUSH_S) -> bool:
        """Wait until what was recorded so far is in the file; return False where that takes too long."""
        written = Event()
        self._queue.put(written)
        self._wake()
        self._urgent.set()
        return written.wait(timeout_s)

    def close(self) -> None:
        """Write what is waiting to be written. What is recorded later is still recorded."""
        if not self.flush(LOCKED_S):
            logger.error("The ledger %s could not be written to its end: %s", self.path, self._problem)
        elif (thread := self._thread) is not None:
            self._queue.put(None)
            thread.join(LOCKED_S)

    def _put(self, what: _What, call_id: str, number: int, row: LedgerRow | None) -> None:
        self._queue.put((what, (call_id, number), row))
        self._wake()

    def _wake(self) -> None:
        """See that a thread writes. It starts when it is needed and ends by itself, so that a fork needs no care."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = Thread(target=self._write_on, name="modelrouter-ledger", daemon=True)
                    self._thread.start()

    def _write_on(self) -> None:
        me = self._thread
        self._attempt(lambda _: None)
        while True:
            first = self._next()
            if first is None:
                if self._is_over(me):
                    return
                continue
            self._urgent.wait(BATCH_S)
            self._urgent.clear()
            self._write_batch(first)

    def _next(self) -> _Item:
        try:
            return self._queue.get(timeout=IDLE_S)
        except Empty:
            return None

    def _is_over(self, me: Thread | None) -> bool:
        """Close the file and leave, unless a row has come in just now."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._thread = None
        if self._queue.empty():
            return True
        with self._lock:
            if self._thread is not None:
                return True
            self._thread = me
            return False

    def _write_batch(self, item: _Item) -> None:
        begun: dict[tuple[str, int], LedgerRow] = {}
        over: dict[tuple[str, int], LedgerRow | None] = {}
        waiting: list[Event] = []
        while item is not None:
            if isinstance(item, Event):
                waiting.append(item)
            else:
                what, key, row = item
                if what == "begun" and row is not None:
                    begun[key] = row
                elif begun.pop(key, None) is None or row is not None:
                    over[key] = row
            if len(over) + len(begun) >= BATCH_ROWS or self._queue.empty():
                break
            item = self._queue.get()
        if over or begun:
            self._attempt(lambda connection: ledger_table.write(connection, over, begun.values(), self._session))
        for event in waiting:
            event.set()

    def _attempt(self, work: Callable[[sqlite3.Connection], None]) -> None:
        """Do the work, again and again until the file takes it."""
        while True:
            try:
                work(self._opened())
            except (sqlite3.Error, OSError) as error:
                self._problem = f"the ledger {self.path} cannot be written: {error}"
                self._report("problem", self._problem[:1].upper() + self._problem[1:])
                Event().wait(RETRY_S)
            else:
                if self._problem is not None:
                    logger.warning("The ledger %s is written again; %d rows dropped", self.path, self.dropped)
                self._problem = None
                return

    def _opened(self) -> sqlite3.Connection:
        connection = self._connection
        if connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = self._connect()
            try:
                ledger_table.create(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        now = datetime.now(UTC)
        if not self._is_reconciled:
            lost = ledger_table.reconcile(connection, {ledger._session for ledger in list(_open)}, now)
            self._is_reconciled = True
            if lost:
                logger.warning("The ledger %s: %d attempts had no end; they are booked as lost", self.path, lost)
        if self._retention_days is not None and monotonic() - self._forgot_at > FORGET_EVERY_S:
            ledger_table.forget(connection, now - timedelta(days=self._retention_days))
            self._forgot_at = monotonic()
        return connection

    def _connect(self) -> sqlite3.Connection:
        """Open the file; by the thread that is to write."""
        return sqlite3.connect(self.path, timeout=LOCKED_S, check_same_thread=False)

    def _report(self, kind: str, text: str) -> None:
        """Log an error, once a minute for each kind."""
        now = monotonic()
        if now - self._reported_at.get(kind, float("-inf")) > REPORT_EVERY_S:
            self._reported_at[kind] = now
            logger.error("%s", text)


@atexit.register
def _write_the_rest() -> None:
    for ledger in list(_open):
        ledger.close()
