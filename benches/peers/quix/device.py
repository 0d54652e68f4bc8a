"""What is known of one device in the open day and week, and its bytes in the store and its changelog."""

from functools import cache
from itertools import chain
from struct import Struct

from quix.vocabulary import OWN_BITS

# Kinds of places: six of the day book, then those of the week book.
DAY_KINDS, KINDS = 6, 11
HAS_HOME, ALL_SPENT = 1, 2
# Day, flags, what was taken in this week, how many places are held of each kind, streams, and apps that are spent.
HEAD = Struct(f"<iB{DAY_KINDS}s{KINDS}sBH")


@cache
def longs(many):
    return Struct(f"<{many}q")


def monday(day):
    return day - (day + 3) % 7


class Device:
    """docs/counting.md. A place is held where its kind has its number, under which stands what else is known."""

    __slots__ = ("all_spent", "day", "home", "places", "spent", "streams", "taken")

    def __init__(self, day):
        self.day = day
        # By app and stream the next number, and the gaps below it; the one that was used last stands at the end.
        self.streams = {}
        self.drop_week()

    def drop_week(self):
        self.places = [{} for _ in range(KINDS)]
        # Places of the day book that were taken in this week, by kind.
        self.taken = [0] * DAY_KINDS
        self.home = None
        self.spent = set()
        self.all_spent = False

    def turn(self, to):
        """Brings it to a day: what belongs to closed periods is dropped."""
        if to <= self.day:
            return
        same_week = monday(self.day) == monday(to)
        self.day = to
        if not same_week:
            self.drop_week()
            return
        for place in self.places[:DAY_KINDS]:
            place.clear()

    def forget_all(self):
        """What is left is the bare mark that it was here in this week."""
        self.streams.clear()
        self.drop_week()
        self.all_spent = True

    def forget(self, app):
        """Forgets one app, by its number; its places stay taken, without a name."""
        for stream in [one for one in self.streams if one[0] == app]:
            del self.streams[stream]
        for kind, place in enumerate(self.places):
            lowest = min(place, default=0)
            nameless = min(lowest, 0)
            named = {}
            for key, value in place.items():
                if key >> OWN_BITS == app:
                    nameless -= 1
                    key = nameless
                named[key] = value
            self.places[kind] = named
        self.spent.add(app)


def encoded(device):
    places, home, streams = device.places, device.home, device.streams
    numbers = list(home or ())
    numbers += device.spent
    numbers += chain.from_iterable(places)
    for (app, stream), (following, gaps) in streams.items():
        numbers += (app, stream, following, len(gaps), *gaps)
    flags = (HAS_HOME if home else 0) | (ALL_SPENT if device.all_spent else 0)
    counts = bytes(map(len, places))
    head = HEAD.pack(device.day, flags, bytes(device.taken), counts, len(streams), len(device.spent))
    values = bytes(chain.from_iterable(place.values() for place in places))
    return head + longs(len(numbers)).pack(*numbers) + values


def decoded(data):
    device = Device.__new__(Device)
    device.day, flags, taken, counts, streams, spent = HEAD.unpack_from(data)
    held = sum(counts)
    numbers = longs((len(data) - HEAD.size - held) // 8).unpack_from(data, HEAD.size)
    device.taken = list(taken)
    device.all_spent = bool(flags & ALL_SPENT)
    at = 3 if flags & HAS_HOME else 0
    device.home = numbers[:3] if at else None
    device.spent = set(numbers[at : at + spent])
    at += spent
    values, from_value = data[len(data) - held :], 0
    device.places = places = []
    for count in counts:
        places.append(dict(zip(numbers[at : at + count], values[from_value : from_value + count])))
        at += count
        from_value += count
    device.streams = {}
    for _ in range(streams):
        app, stream, following, gaps = numbers[at : at + 4]
        at += 4
        device.streams[app, stream] = following, numbers[at : at + gaps]
        at += gaps
    return device
