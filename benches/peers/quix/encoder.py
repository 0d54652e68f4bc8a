"""Writes StrippedEvents and StrippedPairs in Avro's single-object encoding, by hand."""

from functools import lru_cache

from quix.avro import NUMBERS, string, written
from quix.books import BOUNDS_VERSION
from quix.device import monday

STRIPPED = bytes.fromhex("c301de3a2c68f6b418c5")
PAIRS = bytes.fromhex("c3014e95c2c9d5f6e121")
KINDS = [string(kind) for kind in (b"started", b"stopped", b"feature_used", b"failed")]
LENGTHS = [string(name) for name in (b"under_10s", b"10s_to_1m", b"1m_to_10m", b"10m_to_1h", b"1h_to_6h", b"over_6h")]
UNKNOWN, NONE = string(b"unknown"), string(b"none")
ONE = NUMBERS[1]


@lru_cache(64)
def head(header, day):
    return header + written(day) + written(monday(day)) + written(BOUNDS_VERSION)


class Texts(dict):
    """The texts of a record, each once, with their places as Avro writes them."""

    def __missing__(self, text):
        place = self[text] = NUMBERS[len(self)]
        return place


def array(items):
    """An array of items that are written already; none is empty here."""
    return NUMBERS[len(items)] + b"".join(items) + b"\0"


class Encoder:
    """The events of one upload; made once, and opened for each."""

    __slots__ = ("about", "events", "home", "places", "subjects", "texts")

    def open(self, app, release, home):
        texts = self.texts = Texts()
        self.about = texts[app] + texts[release]
        model, operator, country = home
        self.home = texts[model] + texts[operator] + texts[country]
        # What the events are about, and by its number its place as Avro writes it, with the home of them all.
        self.subjects = []
        self.places = {}
        self.events = []

    def subject(self, number, kind, item=NONE, component=NONE, length=NONE):
        """Adds a subject that has no place yet."""
        texts = self.texts
        place = self.places[number] = NUMBERS[len(self.subjects)] + self.home
        self.subjects.append(self.about + texts[kind] + texts[item] + texts[component] + texts[length])
        return place

    def stripped(self, day):
        """The record of the events since open(); there is one at least."""
        return b"".join((head(STRIPPED, day), array(self.texts), array(self.subjects), array(self.events)))


def pairs(day, app, found):
    """The record of pairs of an app: the two features of each in the order of their names."""
    texts = Texts()
    rows = [texts[app] + texts[one] + texts[other] + ONE for one, other in found]
    return b"".join((head(PAIRS, day), array(texts), array(rows)))
