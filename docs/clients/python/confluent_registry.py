"""Publishes uploads with confluent-kafka and a registry: confluent_registry.py BROKERS TOPIC DEVICES REGISTRY_URL."""

import datetime
import os
import sys

from confluent_kafka import Producer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext

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


def serializer(registry_url):
    """Takes the schema that `kaiku schemas push` has registered, and never registers one."""
    return AvroSerializer(
        SchemaRegistryClient({"url": registry_url}),
        conf={
            "auto.register.schemas": False,
            "use.latest.version": True,
            "subject.name.strategy": lambda context, name: "kaiku.raw.RawBatch",
            # Without it a misspelt field is left out in silence.
            "validate.strict.allow.default": True,
        },
    )


def main(brokers, topic, devices, registry_url):
    failed = []
    serialize = serializer(registry_url)
    context = SerializationContext(topic, MessageField.VALUE)
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
        record = serialize(upload(device_id), context)
        # Twice, as where an acknowledgement was lost. The same stream and number: it counts once.
        for _ in range(2):
            send(device_id, record)
        producer.poll(0)
    left = producer.flush(60)
    if failed or left:
        sys.exit(f"{len(failed)} records failed, {left} have no answer: {failed[:1]}")
    print(f"sent {devices} uploads, each twice")


if __name__ == "__main__":
    if len(sys.argv) < 5:
        sys.exit("usage: confluent_registry.py BROKERS TOPIC DEVICES REGISTRY")
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
