"""What is done with one raw record: decode, deduplicate, take places, mark, strip, and encode what may be kept."""

import time
from collections import Counter

from quix.avro import MALFORMED, NUMBERS, Refused, optional
from quix.books import DROPPED, Books
from quix.device import Device, decoded, encoded
from quix.encoder import KINDS, LENGTHS, NONE, UNKNOWN, Encoder, pairs
from quix.streams import take
from quix.upload import CONSENT, FAILED, FEATURE_USED, HEADER, STARTED, STOPPED, Upload

RAW_BATCH = bytes.fromhex("c3010509d7849da6f54d")
FORGET = bytes.fromhex("c3013993d5f92ae9bb34")
TICK = bytes.fromhex("c301ae2fe6fa8dd60de1")
ID = 16
MOST_BYTES = 256 * 1024
DAY_MS = 86_400_000
WRONG_HEADER, KEY = Refused("header"), Refused("key_mismatch")
STATE = b"device"
# What events are about, each under a number or a text that nothing else has within an upload.
STARTED_SUBJECT = ("started", KINDS[STARTED])
STOPPED_SUBJECTS = {
    bucket: (length, KINDS[STOPPED], NONE, NONE, length) for bucket, length in [(None, UNKNOWN), *enumerate(LENGTHS)]
}
NO_FEATURE = None, None


class Strip:
    """One a worker."""

    def __init__(self, vocabulary):
        self.vocabulary = vocabulary
        self.upload = Upload(*vocabulary.names())
        self.books = Books()
        self.encoder = Encoder()
        # What was handled: events that came, those that were new, and refused records by their reason.
        self.events = self.fresh = 0
        self.refused = Counter()
        # What the clock and the CPU time of the process were when the first record came.
        self.begun = None

    def __call__(self, value, key, timestamp, headers, state):
        """The records that are left of one."""
        if self.begun is None:
            self.begun = time.monotonic(), time.process_time()
        try:
            kind = value[:HEADER] if value is not None and len(value) <= MOST_BYTES else None
            day = timestamp // DAY_MS
            if kind == RAW_BATCH:
                self.upload.read(value, day)
                if not self.vocabulary.accepts(self.upload.consent, self.upload.since):
                    raise CONSENT
            elif kind == FORGET:
                app = read_forget(value)
            elif kind == TICK:
                return ()
            else:
                raise WRONG_HEADER
            # Both kinds begin with the device's identifier, which must be the key.
            if key != value[HEADER : HEADER + ID]:
                raise KEY
        except Refused as why:
            self.refused[str(why)] += 1
            return ()
        known = state.get_bytes(STATE)
        device = Device(day) if known is None else decoded(known)
        device.turn(day)
        if kind == FORGET:
            self.forget(device, app)
            left = ()
        else:
            left = self.apply(device)
        state.set_bytes(STATE, encoded(device))
        return left

    def forget(self, device, app):
        if app is None:
            device.forget_all()
        else:
            apps = self.vocabulary.on(device.day)
            device.forget((apps.get(app) or apps[b""]).number)

    def apply(self, device):
        """Counts the upload that was read last."""
        upload = self.upload
        apps = self.vocabulary.on(device.day)
        app = apps.get(upload.app) or apps[b""]
        events = upload.events
        self.events += len(events)
        if upload.stream is not None:
            fresh = take(device.streams, app.number, upload.stream, upload.first, len(events))
            if fresh != [(0, len(events))]:
                events = [event for begin, end in fresh for event in events[begin:end]]
        if not events:
            return ()
        self.fresh += len(events)
        # That of the device's first upload of the week that brought something new.
        home = device.home or self.vocabulary.home_of(upload)
        if device.all_spent:
            return ()
        device.home = home
        if app.number in device.spent:
            return ()
        release = app.releases.get(upload.release, app.release)
        self.books.open(device, app.key, release.key)
        self.encoder.open(app.avro, release.avro, self.vocabulary.texts_of(home))
        found = self.count(app, events)
        left = [self.encoder.stripped(device.day)] if self.encoder.events else []
        if found:
            left.append(pairs(device.day, app.avro, found))
        return left

    def count(self, app, events):
        """Encodes the events that are kept, and gives the pairs that they make."""
        books, encoder, used = self.books, self.encoder, self.books.used
        features, place_of, add = app.features, encoder.places.get, encoder.events.append
        found = []
        for kind, item, component, fatal, length, times in events:
            if kind == FEATURE_USED:
                avro, number, listed = features.get(item, app.feature)
                marks, is_new = used(number, times)
                if is_new and listed:
                    self.pair(item, avro, number, found)
                subject = (number, KINDS[FEATURE_USED], avro)
            elif kind == FAILED:
                marks, subject = self.failed(app, item, component, fatal)
            elif kind == STOPPED:
                marks, subject = books.stopped(), STOPPED_SUBJECTS[length]
            else:
                marks, subject = books.started(), STARTED_SUBJECT
            if marks != DROPPED:
                place = place_of(subject[0]) or encoder.subject(*subject)
                add(place + NUMBERS[times] + NUMBERS[marks])
        return found

    def failed(self, app, cause, component, fatal):
        """The marks of a failure, and what it is about."""
        avro, key, _ = app.causes.get(cause, app.cause)
        of, of_key = NONE, 0
        if component is not None:
            of, of_key, _ = app.components.get(component, app.component)
        return self.books.failed(key, of_key, fatal), ((key, of_key), KINDS[FAILED], avro, of)

    def pair(self, text, avro, feature, found):
        """Adds the pairs that a new feature makes, each in the order of their names."""
        known = self.vocabulary.paired.get
        for other in self.books.pairs(feature):
            other_text, other_avro = known(other, NO_FEATURE)
            if other_avro is not None:
                found.append((avro, other_avro) if text < other_text else (other_avro, avro))


def read_forget(data):
    """The app to be forgotten; None for all."""
    try:
        app, at = optional(data, HEADER + ID)
    except IndexError:
        raise MALFORMED from None
    if at != len(data):
        raise MALFORMED
    return app
