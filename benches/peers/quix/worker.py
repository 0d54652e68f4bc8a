"""One process of the peer: an Application of Quix Streams that strips the partitions that it is assigned."""

import argparse
import gc
import json
import sys
import warnings

with warnings.catch_warnings(record=True):
    # What it depends on warns of what that depends on.
    from quixstreams import Application
    from quixstreams.state.rocksdb import RocksDBOptions

from quix.strip import DAY_MS, Strip
from quix.vocabulary import Vocabulary

CONSUMER = {"fetch.wait.max.ms": 100, "max.partition.fetch.bytes": 4 << 20}
PRODUCER = {"compression.type": "lz4", "linger.ms": 100, "batch.size": 256 << 10}


def application(asked):
    return Application(
        broker_address=asked.brokers,
        consumer_group=asked.group,
        auto_offset_reset="earliest",
        processing_guarantee="exactly-once",
        commit_interval=asked.commit_ms / 1_000,
        state_dir=asked.folder,
        rocksdb_options=RocksDBOptions(block_cache_size=512 << 20),
        consumer_extra_config=CONSUMER,
        producer_extra_config=PRODUCER,
        loglevel="ERROR",
    )


def start_of_day(value, key, timestamp, headers):
    """The time of what is written: it is cut to the day."""
    return timestamp - timestamp % DAY_MS


def flow(app, asked, strip):
    """What is written has neither the key of what it is left of, nor its headers."""
    raw = app.topic(asked.raw, key_deserializer="bytes", value_deserializer="bytes")
    stripped = app.topic(asked.stripped, key_serializer="bytes", value_serializer="bytes")
    records = app.dataframe(raw).apply(strip, stateful=True, expand=True, metadata=True)
    records = records.set_timestamp(start_of_day).set_headers(lambda *_: [])
    records.to_topic(stripped, key=lambda _: None)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("brokers", "raw", "stripped", "group", "vocabulary", "folder"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--commit-ms", type=int, required=True)
    asked = parser.parse_args()
    strip = Strip(Vocabulary(asked.vocabulary))
    app = application(asked)
    flow(app, asked, strip)
    # The tables stay: the collector need not look at them again.
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    sys.stdin.readline()
    # Until it is told to stop by SIGTERM: then it commits what it has done.
    app.run()
    told = {"events": strip.events, "counted_once": strip.fresh, "refused": strip.refused.total(),
            "begun": strip.begun}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
