"""One run: every measurement that can be made, and for the others the reason why not."""

from __future__ import annotations

import math
import socket
import ssl
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from cryptography import x509

from operations.archive.layout import HOUR_MS, Kind
from operations.measure import quality
from operations.measure.asking import Asker
from operations.measure.business import business_figures
from operations.measure.expected import ANALYTICS, PARTS
from operations.measure.failure import MeasureError
from operations.measure.probes import Probes
from operations.measure.progress import Controller
from operations.measure.reconcile import Reconciliation, differing_hours, results
from operations.measure.report import Measured, Report
from operations.measure.stream import Stretch, Topic, collect, newest_record_ms, record_ms, stretches
from operations.pinot import Pinot, PinotError
from product_model import load_product, load_questions
from product_model.monitoring.burn_rates import budget

if TYPE_CHECKING:
    from pathlib import Path

    from product_model.product import Product

TABLES: Final = (Kind.REGISTERED.realtime_table, Kind.BOOKED.realtime_table, ANALYTICS)
# Beyond this no hour can be told from the next, and late from lost.
_MOST_CLOCK_OFFSET_SECONDS: Final = 5.0
_GRACE_MS: Final = 120_000
_MILLISECONDS: Final = 1000
_TIME_COLUMN: Final = {ANALYTICS: "transactionTime"}
_POLL_SECONDS: Final = 0.2
_HANDSHAKE_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Target:
    """The environment that is measured."""

    name: str
    topic: Topic
    controller_url: str
    broker_url: str
    product: Path
    login: tuple[str, str] | None = None
    keyed: bool = False


@dataclass(frozen=True)
class Effort:
    """How much is asked; 0 leaves a measurement out.

    Args:
        questions: number of questions, `question_rate` a second
        probes: number of probes, `probe_rate` a second
        hours: closed hours to reconcile
        open_hours: reconcile up to now; right only where nobody sends meanwhile
        patience_seconds: how long tables may take to read what is on the topic
        probe_patience_seconds: how long the last probe may take; one that takes longer counts as so long
        credentials: when each credential was made, in epoch seconds

    """

    questions: int = 200
    question_rate: float = 20.0
    probes: int = 300
    probe_rate: float = 30.0
    hours: int = 24
    open_hours: bool = False
    patience_seconds: float = 30.0
    probe_patience_seconds: float = 10.0
    credentials: dict[str, float] = field(default_factory=dict)


def measure(target: Target, effort: Effort) -> Report:
    """Measure everything that can be measured; never raises for what an environment does not answer.

    Raises:
        ProductError: the product's own files cannot be read

    """
    return _Run(target, effort).report()


class _Run:
    def __init__(self, target: Target, effort: Effort) -> None:
        self._target = target
        self._effort = effort
        self._product: Product = load_product(target.product)
        self._controller = Controller(target.controller_url, target.login)
        self._pinot = Pinot(target.controller_url, target.broker_url, login=target.login, attempts=1)
        self._report = Report(target.name, time.time(), credentials=effort.credentials)
        self._unmeasured = {
            one.name: Measured(
                one.name, one.target, one.unit, budget(one), reason="not asked for", asked=False
            )
            for one in self._product.descriptor.objectives
        }

    def report(self) -> Report:
        measured = dict(self._unmeasured)
        self._unmeasured = {name: replace(one, asked=True) for name, one in measured.items()}
        if self._effort.questions:
            measured |= self._ask()
        if self._effort.probes:
            measured |= self._probe()
        if self._effort.hours:
            measured |= self._reconcile()
        self._report.measured = list(measured.values())
        self._around()
        return self._report

    def _ask(self) -> dict[str, Measured]:
        questions = load_questions(self._target.product / "queries")
        self._report.business = business_figures(self._pinot, questions)
        asker = Asker(self._target.controller_url, self._target.broker_url, self._target.login)
        asked = asker.ask(questions, self._effort.questions, self._effort.question_rate)
        self._report.notes += [f"{count} questions failed: {told}" for told, count in asked.problems.items()]
        if asked.left_out:
            self._report.notes.append(
                f"questions {', '.join(map(str, asked.left_out))} were left out: no transaction to ask about"
            )
        answers = [1000 * one for one in asked.all_seconds]
        latency = self._unmeasured["query-latency"]
        slow = sum(one > latency.target for one in answers)
        return {
            "availability": self._share("availability", asked.count, asked.failed),
            "query-latency": self._quantile("query-latency", answers, slow)
            if answers
            else replace(latency, reason="no question was answered"),
        }

    def _probe(self) -> dict[str, Measured]:
        freshness = self._unmeasured["freshness"]
        try:
            found = Probes(self._target.topic, self._controller, TABLES).run(
                self._effort.probes, self._effort.probe_rate, self._effort.probe_patience_seconds
            )
        except MeasureError as error:
            return {"freshness": replace(freshness, reason=str(error))}
        late = sum(found.late.values())
        for table, count in found.late.items():
            self._report.notes.append(f"{count} probes were not seen by {table}")
        # Of one that was not seen it is only known that it takes longer than was waited.
        waited = 1000 * max(self._effort.probe_patience_seconds, freshness.target / 1000 + 1)
        seconds = [1000 * one for one in found.seconds] + [waited] * late
        slow = sum(one > freshness.target for one in seconds)
        return {"freshness": self._quantile("freshness", seconds, slow)}

    def _reconcile(self) -> dict[str, Measured]:
        try:
            found = self._reconciliation()
        except MeasureError as error:
            reason = str(error)
            return {
                name: replace(self._unmeasured[name], reason=reason) for name in ("accuracy", "completeness")
            }
        self._report.reconciliation = found
        if not found.expected:
            reason = f"the topic holds no payment of the last {found.hours} hours"
            return {
                name: replace(self._unmeasured[name], reason=reason) for name in ("accuracy", "completeness")
            }
        there = found.expected - found.count("missing") + found.count("doubled", "unexpected")
        wrong = found.count("doubled", "altered", "unexpected")
        return {
            "accuracy": self._share("accuracy", max(there, 1), wrong),
            "completeness": self._share("completeness", found.expected, found.count("missing")),
        }

    def _reconciliation(self) -> Reconciliation:
        now_ms = int(time.time() * _MILLISECONDS)
        offset = self._controller.clock_offset_seconds(time.time())
        if abs(offset) > _MOST_CLOCK_OFFSET_SECONDS:
            message = (
                f"this machine's clock and Pinot's differ by {offset:+.0f} s, so hours cannot be told apart;"
                " set the clock"
            )
            raise MeasureError(message)
        end_ms = now_ms - _GRACE_MS
        end_ms -= end_ms % HOUR_MS
        if self._effort.open_hours:
            end_ms += 48 * HOUR_MS
        first_ms = now_ms - now_ms % HOUR_MS - self._effort.hours * HOUR_MS
        found = stretches(self._target.topic, first_ms - HOUR_MS)
        self._wait(found)
        expected = collect(self._target.topic, self._target.product, found, now_ms)
        places = differing_hours(self._pinot, expected, first_ms, end_ms)
        rows: dict[str, int] = dict.fromkeys((part.name for part in PARTS), 0)
        for (part, hour), totals in expected.totals.items():
            if first_ms <= hour < end_ms:
                rows[part] += totals.rows
        differing = []
        if places:
            # Once more, to where the topic ends now: what came meanwhile is no difference.
            found = stretches(self._target.topic, first_ms - HOUR_MS)
            self._wait(found)
            closely = collect(self._target.topic, self._target.product, found, now_ms, places)
            differing = list(results(self._pinot, places, closely.rows))
        return Reconciliation(rows, self._effort.hours, differing, expected.judged)

    def _wait(self, found: list[Stretch]) -> None:
        """Wait until each table has read the stretches: a row that is still to come is not missing."""
        deadline = time.monotonic() + self._effort.patience_seconds
        while True:
            behind = {table: self._left(table, found) for table in TABLES}
            if not any(behind.values()):
                return
            if time.monotonic() > deadline:
                told = ", ".join(f"{table} by {count:,}" for table, count in behind.items() if count)
                message = (
                    f"tables are behind the topic after {self._effort.patience_seconds:.0f} s ({told}"
                    " records), so late cannot be told from lost"
                )
                raise MeasureError(message)
            time.sleep(_POLL_SECONDS)

    def _left(self, table: str, found: list[Stretch]) -> int:
        offsets = self._controller.consumed(table)
        return sum(max(0, one.end - offsets.get(one.partition, 0)) for one in found if one.end > one.first)

    def _behind(self, table: str, found: list[Stretch], newest_ms: int) -> float:
        """Return for how many seconds the oldest record that a table has not read has been waiting.

        A partition that nobody consumes (paused, or no server) has no position: then by how much the newest
        row is older than the newest record.
        """
        offsets = self._controller.consumed(table)
        now_ms = time.time() * _MILLISECONDS
        waited = [0.0]
        for one in found:
            position = offsets.get(one.partition)
            if position is None and one.end > one.first:
                column = _TIME_COLUMN.get(table, "eventTime")
                row_ms = self._pinot.rows(f"SELECT MAX(CAST({column} AS LONG)) FROM {table}")[0][0]  # noqa: S608 - names of the product
                waited.append(newest_ms - float(row_ms))
            elif position is not None and position < one.end:
                moment = record_ms(self._target.topic, one.partition, max(position, one.first))
                waited.append(now_ms - moment if moment is not None else 0.0)
        return max(waited) / _MILLISECONDS

    def _stream(self) -> None:
        topic = self._target.topic
        newest = newest_record_ms(topic)
        if newest is None:
            return
        self._report.newest_record[topic.name] = newest / _MILLISECONDS
        found = stretches(topic, 0)
        for table in TABLES:
            try:
                self._report.behind_seconds[table] = self._behind(table, found, newest)
            except (MeasureError, PinotError) as error:
                self._report.notes.append(f"{table}'s lag was not measured: {str(error)[:160]}")

    def _around(self) -> None:
        """Look at what promises stand on: schemas, quality, the stream, clocks, certificates."""
        report, target = self._report, self._target
        try:
            report.schemas = self._controller.schema_differences(self._product)
            report.clock_offsets["pinot"] = _beyond_a_second(
                self._controller.clock_offset_seconds(time.time())
            )
        except MeasureError as error:
            report.notes.append(f"schemas and clock were not measured: {error}")
        if self._effort.hours:
            report.quality = quality.ask(
                self._pinot, quality.quality_rules(self._product, keyed=target.keyed)
            )
        try:
            self._stream()
        except MeasureError as error:
            report.notes.append(f"the stream was not looked at: {error}")
        for url in (target.controller_url, target.broker_url):
            self._certificate(url)
        for kind in Kind:
            self._loaded_until(kind)

    def _certificate(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme != "https" or parts.hostname is None:
            return
        address = (parts.hostname, parts.port or 443)
        context = ssl.create_default_context()
        # The date of a certificate that nobody trusts is worth knowing too; nothing is sent over it.
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with (
                socket.create_connection(address, _HANDSHAKE_SECONDS) as plain,
                context.wrap_socket(plain, server_hostname=parts.hostname) as secured,
            ):
                found = x509.load_der_x509_certificate(secured.getpeercert(binary_form=True) or b"")
        except (OSError, ValueError) as error:
            self._report.notes.append(f"the certificate of {url} was not measured ({type(error).__name__})")
        else:
            self._report.certificates[parts.netloc] = found.not_valid_after_utc.timestamp()

    def _loaded_until(self, kind: Kind) -> None:
        sql = f"SELECT COUNT(*), MAX({kind.hour_column}) FROM {kind.offline_table}"  # noqa: S608 - names of the product
        try:
            rows, newest = self._pinot.rows(sql)[0]
        except PinotError as error:
            self._report.notes.append(f"{kind.offline_table} was not looked at: {str(error)[:120]}")
            return
        if rows:
            self._report.offline_until[kind.offline_table] = (float(newest) + HOUR_MS) / _MILLISECONDS

    def _share(self, name: str, events: int, bad: int) -> Measured:
        good = 100 * (events - bad) / events
        return replace(self._unmeasured[name], value=good, events=events, bad=bad, reason="")

    def _quantile(self, name: str, values: list[float], bad: int) -> Measured:
        one = self._unmeasured[name]
        percentile = next(
            found.percentile for found in self._product.descriptor.objectives if found.name == name
        )
        ordered = sorted(values)
        # The nearest rank: at least so many percent of the values are no greater.
        rank = max(0, math.ceil(len(ordered) * (percentile or 100) / 100) - 1)
        return replace(one, value=ordered[rank], events=len(ordered), bad=bad, reason="")


def _beyond_a_second(offset: float) -> float:
    """Return an offset, or 0 within a second: a clock told to the second alone says nothing about less."""
    return 0.0 if abs(offset) <= 1 else offset
