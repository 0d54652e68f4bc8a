"""What stands on a topic of stripped records, summed up; and two of these sums held together."""

import io
import json
from collections import Counter

import fastavro
from confluent_kafka import Consumer, KafkaError, TopicPartition

from kit.build import ROOT

HEADERS = {"c301de3a2c68f6b418c5": "stripped_events", "c3014e95c2c9d5f6e121": "stripped_pairs",
           "c3011e4162512acd30d3": "day_closed"}
MARKS = ["first_app_day", "first_app_week", "first_release_day", "first_item_day", "first_item_week", "second_use_day",
         "fifth_use_day", "first_fatal_day", "first_fatal_release_day", "first_fatal_week", "first_session_day",
         "first_cause_release_day", "first_cause_component_week", "first_bounded_day"]
DIMENSIONS = ["kind", "app", "release", "item", "component", "model", "operator", "country", "duration_bucket"]


def schemas():
    folder = ROOT / "schemas/avro"
    texts = {name: json.loads((folder / f"{name}.avsc").read_text()) for name in HEADERS.values()}
    return {name: fastavro.parse_schema(text) for name, text in texts.items()}


def read(broker, topic):
    """Sums by (measure, day, week, dimensions); only what was committed."""
    known, sums = schemas(), Counter()
    for value in committed(broker, topic):
        name = HEADERS[value[:10].hex()]
        if name == "day_closed":
            continue
        record = fastavro.schemaless_reader(io.BytesIO(value[10:]), known[name])
        period = record["day"], record["week"], record["bounds"]
        for pair in record.get("pairs", []):
            names = (record["texts"][pair[place]] for place in ("app", "a", "b"))
            sums["pairs", *period, *names] += pair["devices"]
        for event in record.get("events", []):
            places = record["subjects"][event["subject"]] | event
            where = *period, *(record["texts"][places[name]] for name in DIMENSIONS)
            sums["events", *where] += 1
            sums["times", *where] += event["times"]
            for bit, mark in enumerate(MARKS):
                if event["marks"] >> bit & 1:
                    sums[mark, *where] += 1
    return sums


def committed(broker, topic):
    """Every committed value of a topic."""
    consumer = Consumer({"bootstrap.servers": broker.address, "group.id": "nobody", "enable.auto.commit": False,
                         "isolation.level": "read_committed", "enable.partition.eof": True, "log_level": 0})
    left = set(range(broker.partitions(topic)))
    consumer.assign([TopicPartition(topic, one, 0) for one in left])
    while left:
        message = consumer.poll(30)
        if message is None:
            raise SystemExit(f"{topic} can't be read")
        if message.error() is None:
            yield message.value()
        elif message.error().code() == KafkaError._PARTITION_EOF:
            left.discard(message.partition())
        else:
            raise SystemExit(f"{topic} can't be read: {message.error()}")
    consumer.close()


def totals(sums):
    """By measure alone."""
    found = Counter()
    for key, count in sums.items():
        found[key[0]] += count
    return found


def compare(ours, theirs):
    """The lines of a comparison, and whether all is equal."""
    different = [key for key in ours.keys() | theirs.keys() if ours[key] != theirs[key]]
    lines = [f"  {'measure':<28}{'kaiku':>10}{'peer':>10}"]
    both = totals(ours), totals(theirs)
    for measure in sorted(both[0].keys() | both[1].keys()):
        mark = "" if both[0][measure] == both[1][measure] else "   differs"
        lines.append(f"  {measure:<28}{both[0][measure]:>10}{both[1][measure]:>10}{mark}")
    lines.append(f"  {len(ours.keys() | theirs.keys())} sums by day, {', '.join(DIMENSIONS)} compared, "
                 f"{len(different)} differ")
    lines += [f"    {key}: kaiku {ours[key]}, peer {theirs[key]}" for key in sorted(different, key=str)[:20]]
    return lines, not different
