"""A small input in which everything happens that a peer must get right, with the same seed always the same."""

import datetime
import io
import json
import random

import fastavro
from confluent_kafka import Producer

from kit.build import ROOT
from kit.vocabulary import EPOCH

# A Monday: a whole week, of which the places of the busy do not suffice, and the turn to the next.
FIRST_DAY = (datetime.date(2026, 11, 9) - EPOCH).days
DAYS = 9
DAY_MS = 86_400_000
HEADERS = {"raw_batch": "c3010509d7849da6f54d", "forget": "c3013993d5f92ae9bb34", "tick": "c301ae2fe6fa8dd60de1"}
FEATURES = {
    "maps": ["route.car", "route.bicycle", "route.walk", "route.transit", "search.place", "search.voice", "map.3d",
             "map.rotate", "layer.traffic", "layer.terrain", "layer.satellite", "favourite.add", "favourite.share",
             "offline.update", "offline.download", "widget.home", "report.error", "of.nobody"],
    "music": ["of.nobody", "of.nobody.too"],
    "a-game": ["of.nobody"],
}
CAUSES = ["network.timeout", "network.offline", "route.none", "panic", "segfault", "out_of_memory", "of.nobody"]
COMPONENTS = [None, "tiles", "routing", "search", "of.nobody"]
RELEASES = ["4.0", "4.1", "4.2", "4.3", "4.4", "0.1", "9.9"]
HOMES = [
    {"brand": "nokia", "model": "TA-1053", "mcc": "244", "mnc": "05"},
    {"brand": "HMD Global", "model": "TA-1053", "mcc": "340", "mnc": "01", "country": "MQ"},
    {"brand": "SAMSUNG", "model": "SM-S918N", "mcc": "310", "mnc": "410"},
    {"brand": "Apple", "model": "no such model", "mcc": "234", "mnc": "999", "country": "JE"},
    {"brand": "Xiaomi", "model": "M2101K6G", "country": "FI"},
    {"brand": "realme", "model": "RMX3370", "mcc": "901", "mnc": "01", "country": "xx"},
    {"brand": "", "model": "", "mcc": "310", "country": "GU"},
]
LENGTHS = ["under_10s", "under_1m", "under_10m", "under_1h", "under_6h", "over_6h"]


class Mixed:
    """The records, in the order in which they are sent."""

    def __init__(self, devices, seed):
        self.random = random.Random(seed)
        folder = ROOT / "schemas/avro"
        self.schemas = {name: fastavro.parse_schema(load(folder / f"{name}.avsc")) for name in HEADERS}
        self.devices = [self.device() for _ in range(devices)]
        self.sent = []
        self.told = {"uploads": 0, "events": 0, "sent_again": 0, "out_of_order": 0, "forgotten": 0, "garbage": 0}

    def device(self):
        apps = self.random.choices(list(FEATURES), k=3)
        streams = [(app, self.random.randbytes(8)) for app in apps for _ in range(self.random.choice([1, 1, 2, 6]))]
        # Some do so much that their places do not suffice; some hold back so much that their gaps do not.
        habit = self.random.choice(["usual", "usual", "usual", "busy", "hoarder"])
        return {
            "id": self.random.randbytes(16),
            "home": self.random.choice(HOMES),
            "next": {stream: 0 for stream in (streams[:1] if habit == "hoarder" else streams)},
            "habit": habit,
            "events": {"usual": self.random.choice([2, 5, 12]), "busy": 40, "hoarder": 2}[habit],
            "held": [],
        }

    def records(self):
        """(key, value, milliseconds), day after day."""
        for number in range(DAYS):
            day = FIRST_DAY + number
            today = [upload for device in self.devices for upload in self.of_day(device, day)]
            self.random.shuffle(today)
            millis = day * DAY_MS
            for key, value in today:
                millis += 1
                yield key, value, millis

    def of_day(self, device, day):
        if device["habit"] == "usual" and self.random.random() < 0.3:
            return
        number = {"usual": self.random.choice([1, 2, 3, 5]), "busy": 9, "hoarder": 44}[device["habit"]]
        batches = [self.batch(device, day) for _ in range(number)]
        if device["habit"] == "hoarder":
            device["held"], held = batches[::2], device["held"]
            batches = batches[1::2] + held
        again = [self.random.choice(batches) for _ in range(self.random.choice([0, 1, 2]))]
        again += self.random.sample(self.sent, min(2, len(self.sent))) if self.random.random() < 0.1 else []
        self.told["sent_again"] += len(again)
        batches += again
        if self.random.random() < 0.5:
            self.random.shuffle(batches)
            self.told["out_of_order"] += 1
        self.sent = (self.sent + batches)[-200:]
        yield from ((batch["device"]["id"], self.encode("raw_batch", batch)) for batch in batches)
        yield from self.strange(device, batches[-1])

    def batch(self, device, day):
        stream = app, number = self.random.choice(list(device["next"]))
        events = [self.event(app) for _ in range(self.random.randint(1, device["events"]))]
        first = device["next"][stream]
        # A number left out makes a gap; one taken twice makes an upload that overlaps.
        device["next"][stream] += len(events) + self.random.choice([0, 0, 0, 3, -1])
        numbered = self.random.random() < 0.95
        self.told["uploads"] += 1
        self.told["events"] += len(events)
        home = device["home"] if self.random.random() < 0.8 else self.random.choice(HOMES)
        return {
            "device": {"id": device["id"], **home},
            "app": app,
            "release": self.random.choice(RELEASES),
            "consent": {"version": self.random.choice([1, 2]), "since": day - 30},
            "stream": number if numbered else None,
            "first_sequence": first if numbered else None,
            "events": events,
            "losses": self.random.choice([[], [], [{"reason": "too_old", "count": 3}]]),
        }

    def event(self, app):
        one = self.random.random()
        if one < 0.15:
            return {"type": "started", "times": self.random.choice([1, 3])}
        if one < 0.3:
            of = self.random.choice(["duration_s", "length", None])
            length = {"duration_s": self.random.randint(0, 40_000), "length": self.random.choice(LENGTHS)}
            return {"type": "stopped", **({of: length[of]} if of else {})}
        if one < 0.75:
            return {"type": "feature_used", "feature": self.random.choice(FEATURES[app]),
                    "times": self.random.choice([1, 1, 1, 2, 7, 20_000])}
        return {"type": "failed", "cause": self.random.choice(CAUSES), "component": self.random.choice(COMPONENTS),
                "fatal": self.random.choice([None, False, True])}

    def strange(self, device, batch):
        """Now and then a device is forgotten, or one app of it, or something is no record at all."""
        one = self.random.random()
        if one < 0.03:
            self.told["forgotten"] += 1
            app = self.random.choice([None, batch["app"]])
            yield device["id"], self.encode("forget", {"device_id": device["id"], "app": app})
        if one < 0.15:
            return
        if one < 0.25:
            self.told["garbage"] += 1
            value = self.encode("raw_batch", batch)
            unfit = {**batch, "events": [{"type": "started", "feature": "map.3d"}]}
            too_old = {**batch, "consent": {"version": 1, "since": 10_000}}
            yield device["id"], self.random.choice([
                value[:-1], value + b"\0", b"no record", self.encode("raw_batch", {**batch, "consent": None}),
                self.encode("raw_batch", unfit), self.encode("raw_batch", too_old)])

    def encode(self, name, record):
        out = io.BytesIO()
        out.write(bytes.fromhex(HEADERS[name]))
        fastavro.schemaless_writer(out, self.schemas[name], record, strict_allow_default=True)
        return out.getvalue()


def load(file):
    return json.loads(file.read_text())


def send(broker, topic, devices, seed):
    """Writes the input, and says what is in it."""
    mixed = Mixed(devices, seed)
    producer = Producer({"bootstrap.servers": broker.address, "acks": "all", "enable.idempotence": True,
                         "partitioner": "murmur2_random", "log_level": 0})
    for key, value, millis in mixed.records():
        producer.produce(topic, key=key, value=value, timestamp=millis)
        producer.poll(0)
    end = (FIRST_DAY + DAYS) * DAY_MS
    for partition in range(broker.partitions(topic)):
        producer.produce(topic, value=mixed.encode("tick", {}), partition=partition, timestamp=end)
    producer.flush()
    return mixed.told
