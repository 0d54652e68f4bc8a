"""Publishes uploads with confluent-kafka and fastavro: confluent_fastavro.py BROKERS TOPIC DEVICES."""

import datetime
import io
import json
import os
import sys

import fastavro
from confluent_kafka import Producer

HEADER = bytes.fromhex("c3010509d7849da6f54d")
SCHEMA = fastavro.parse_schema(json.load(open("schemas/avro/raw_batch.avsc")))
AGREED = datetime.date(2026, 11, 1) - datetime.date(1970, 1, 1)


def upload(device_id):
    return {
        "device": {"id": device_id, "brand": "Nokia", "model": "TA-1053", "mcc": "244", "mnc": "05"},
        "app": "maps",
        "release": "4.2",
        "consent": {"version": 2, "since": AGREED.days},
        "stream": os.urandom(8),
        "first_sequence": 0,
        "events": [
            {"type": "started"},
            {"type": "feature_used", "feature": "route.bicycle", "times": 2},
            {"type": "stopped", "duration_s": 340},
        ],
    }


def encode(batch):
    record = io.BytesIO()
    record.write(HEADER)
    # Without strict_allow_default a misspelt field is left out in silence.
    fastavro.schemaless_writer(record, SCHEMA, batch, strict_allow_default=True)
    return record.getvalue()


def main(brokers, topic, devices):
    failed = []
    producer = Producer({
        "bootstrap.servers": brokers,
        "enable.idempotence": True,  # acknowledged by all replicas
        # librdkafka's own default puts most records where kaiku rejects them.
        "partitioner": "murmur2_random",
    })

    def delivered(error, _):
        if error is not None:
            failed.append(error)

    def send(key, value):
        while True:
            try:
                return producer.produce(topic, key=key, value=value, on_delivery=delivered)
            except BufferError:  # the queue is full
                producer.poll(1)

    for _ in range(devices):
        device_id = os.urandom(16)
        record = encode(upload(device_id))
        # Twice, as where an acknowledgement was lost. The same stream and number: it counts once.
        for _ in range(2):
            send(device_id, record)
        producer.poll(0)
    left = producer.flush(60)
    if failed or left:
        sys.exit(f"{len(failed)} records failed, {left} have no answer: {failed[:1]}")
    print(f"sent {devices} uploads, each twice")


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit("usage: confluent_fastavro.py BROKERS TOPIC DEVICES")
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
