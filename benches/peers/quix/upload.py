"""One raw batch as Python values, decoded and validated by hand."""

from bisect import bisect

from quix.avro import MALFORMED, UNFIT, Refused, block, choice, number, optional, small, string, text

STARTED, STOPPED, FEATURE_USED, FAILED = range(4)
MOST_EVENTS = 1_000
MOST_TEXT = 96
MOST_TIMES = 10_000
MOST_LOSSES = 1_000_000
LOSS_REASONS = 7
LENGTHS = 6
LAST_DAY = 2_932_896
LAST_FIRST = 2**63 - 1 - 1_000_000
HEADER = 10
NOBODIES = {bytes(16), b"\xff" * 16}
BOUNDS_S = [10, 60, 600, 3_600, 21_600]
CONSENT = Refused("bad_consent")
# How a session begins whose length is told in seconds.
STOPPED_AFTER = b"\x02\0\0\0\0\x02"
NOTHING_ONCE = b"\0\x02"
# (kind, item, component, whether fatal, bucket of the length or None, times)
STARTED_ONCE = (STARTED, None, None, False, None, 1)


def used_once(feature):
    """The event that a feature was used, and its bytes."""
    return b"\x04\x02" + string(feature) + b"\0\0\0\0\0\x02", (FEATURE_USED, feature, None, False, None, 1)


class Upload:
    """Made once and read into again and again."""

    __slots__ = (
        "app", "brand", "consent", "country", "events", "first", "known", "mcc", "mnc", "model", "release", "since",
        "stream", "usual",
    )

    def __init__(self, features, names):
        # Names that need no check, and whole events by their bytes: what a device sends is hardly anything else.
        self.known = names
        self.usual = dict(map(used_once, features))
        self.usual[bytes(7) + b"\x02"] = STARTED_ONCE

    def read(self, data, today):
        """Reads the datum behind the header of a record that was received on a day."""
        try:
            at = self.read_device(data, HEADER)
            self.app, at = self.name(data, at)
            self.release, at = self.name(data, at)
            at = self.read_consent(data, at, today)
            at = self.read_numbers(data, at)
            at = self.read_events(data, at)
            at = read_losses(data, at)
        except IndexError:
            raise MALFORMED from None
        if at != len(data):
            raise MALFORMED

    def read_device(self, data, at):
        if data[at : at + 16] in NOBODIES:
            raise UNFIT
        self.brand, at = text(data, at + 16)
        self.model, at = text(data, at)
        self.mcc, at = optional(data, at)
        self.mnc, at = optional(data, at)
        self.country, at = optional(data, at)
        return at

    def name(self, data, at):
        found, at = text(data, at)
        if found not in self.known:
            check(found)
        return found, at

    def read_consent(self, data, at, today):
        branch, at = choice(data, at, 2)
        if branch == 0:
            raise CONSENT
        self.consent, at = small(data, at)
        self.since, at = small(data, at)
        if self.consent < 1 or not 0 <= self.since <= min(LAST_DAY, today + 1):
            raise CONSENT
        return at

    def read_numbers(self, data, at):
        self.stream, self.first = None, 0
        numbered, at = choice(data, at, 2)
        if numbered:
            # Cut short only where the data end, which the next byte shows.
            self.stream = int.from_bytes(data[at : at + 8], "little", signed=True)
            at += 8
        branch, at = choice(data, at, 2)
        if branch != numbered:
            raise UNFIT
        if branch:
            self.first, at = number(data, at)
            if not 0 <= self.first < LAST_FIRST:
                raise UNFIT
        return at

    def read_events(self, data, at):
        events = self.events = []
        usual = self.usual.get
        while True:
            count, at = block(data, at)
            if count == 0:
                break
            if len(events) + count > MOST_EVENTS:
                raise UNFIT
            for _ in range(count):
                # Where the event ends if it is a usual one: a feature that was used once, or a start.
                end = at + 9 + (data[at + 2] >> 1) if data[at] == 4 else at + 8
                event = usual(data[at:end])
                if event is None:
                    event, end = self.read_event(data, at)
                events.append(event)
                at = end
        if not events:
            raise UNFIT
        return at

    def read_event(self, data, at):
        """Any event. A field that does not fit its type makes the batch refused: a writer misspelt one."""
        if data.startswith(STOPPED_AFTER, at):
            seconds, end = small(data, at + len(STOPPED_AFTER))
            if seconds >= 0 and data.startswith(NOTHING_ONCE, end):
                return (STOPPED, None, None, False, bisect(BOUNDS_S, seconds), 1), end + len(NOTHING_ONCE)
        kind, at = choice(data, at, 4)
        feature, at = optional(data, at)
        cause, at = optional(data, at)
        component, at = optional(data, at)
        if (feature is not None) != (kind == FEATURE_USED) or (cause is not None) != (kind == FAILED):
            raise UNFIT
        says_fatal, at = choice(data, at, 2)
        if kind != FAILED and (component is not None or says_fatal):
            raise UNFIT
        for name in (feature, cause, component):
            if name is not None and name not in self.known:
                check(name)
        fatal = 0
        if says_fatal:
            fatal = data[at]
            at += 1
            if fatal > 1:
                raise MALFORMED
        bucket, at = read_length(data, at, kind)
        times, at = small(data, at)
        if times < 1:
            raise UNFIT
        item = cause if feature is None else feature
        return (kind, item, component, fatal == 1, bucket, min(times, MOST_TIMES)), at


def read_length(data, at, kind):
    """The bucket of a session's length, None where it is not known."""
    bucket = None
    says_seconds, at = choice(data, at, 2)
    if says_seconds:
        seconds, at = small(data, at)
        if seconds < 0:
            raise UNFIT
        bucket = bisect(BOUNDS_S, seconds)
    says_length, at = choice(data, at, 2)
    if says_length:
        bucket, at = choice(data, at, LENGTHS)
    if says_seconds and says_length or (says_seconds or says_length) and kind != STOPPED:
        raise UNFIT
    return bucket, at


def read_losses(data, at):
    seen = set()
    while True:
        many, at = block(data, at)
        if many == 0:
            return at
        for _ in range(many):
            reason, at = choice(data, at, LOSS_REASONS)
            count, at = small(data, at)
            if reason in seen or not 1 <= count <= MOST_LOSSES:
                raise UNFIT
            seen.add(reason)


def check(name):
    """Whether a text can be a name at all."""
    if not 0 < len(name) <= MOST_TEXT or min(name) < 32 or 127 in name:
        raise UNFIT
