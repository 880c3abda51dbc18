"""Ask the table and read the topic, by this program's own outputs.

`pulumi stack output --json | python report.py` prints what was booked by currency and, of the topic, how
many events of each type there are. It reads as nobody: no consumer group, no offsets are committed.
"""

import json
import sys
import time
from collections import Counter
from typing import Any

import requests
from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition

SECONDS = 30


def booked_by_currency(outputs: dict[str, str]) -> list[list[Any]]:
    """Return currency, bookings and their sum, as exact text."""
    sql = (
        "SELECT currency, COUNT(*), CAST(SUMPRECISION(amount) AS STRING)"  # noqa: S608 - a name from the outputs
        f" FROM {outputs['table']} GROUP BY currency ORDER BY currency LIMIT 1000"
    )
    answer = requests.post(f"{outputs['brokerUrl']}/query/sql", json={"sql": sql}, timeout=SECONDS)
    answer.raise_for_status()
    found = answer.json()
    if found["exceptions"]:
        message = f"The broker refuses the question: {found['exceptions'][0]['message']}"
        raise RuntimeError(message)
    rows: list[list[Any]] = found["resultTable"]["rows"]
    return rows


def events_by_type(outputs: dict[str, str]) -> dict[str, int]:
    """Return how many events of each type are on the topic now."""
    consumer = Consumer({"bootstrap.servers": outputs["bootstrapServers"], "group.id": "unused"})
    topic = outputs["topic"]
    counts: Counter[str] = Counter()
    try:
        partitions = consumer.list_topics(topic, timeout=SECONDS).topics[topic].partitions
        ends = {}
        for number in partitions:
            first, after_last = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=SECONDS)
            if after_last > first:
                ends[number] = after_last
        consumer.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for number in ends])
        deadline = time.monotonic() + SECONDS
        while ends and time.monotonic() < deadline:
            message = consumer.poll(1.0)
            if message is None:
                continue
            if message.error():
                raise RuntimeError(str(message.error()))
            counts[type_of(message.value())] += 1
            if message.offset() + 1 >= ends.get(message.partition(), 0):
                ends.pop(message.partition(), None)
    finally:
        consumer.close()
    if ends:
        message = f"{len(ends)} partitions of {topic} were not read to their end in {SECONDS} s."
        raise TimeoutError(message)
    return dict(sorted(counts.items()))


def type_of(value: bytes | None) -> str:
    """Return a CloudEvent's type; other things on the topic are none of a reader's business."""
    try:
        return str(json.loads(value or b"")["type"])
    except (ValueError, KeyError, TypeError):
        return "(no CloudEvent)"


if __name__ == "__main__":
    given = json.load(sys.stdin)
    json.dump({"booked": booked_by_currency(given), "events": events_by_type(given)}, sys.stdout, indent=2)
