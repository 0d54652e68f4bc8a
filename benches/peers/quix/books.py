"""What one event counts for: it takes its places in the day book and in the week book, and gets a mark for each."""

from quix.vocabulary import OWN, OWN_BITS

BOUNDS_VERSION = 2
# Marks, by their bits in StrippedEvents.
(APP_DAY, APP_WEEK, RELEASE_DAY, ITEM_DAY, ITEM_WEEK, SECOND_USE, FIFTH_USE, FATAL_DAY, FATAL_RELEASE_DAY, FATAL_WEEK,
 SESSION_DAY, CAUSE_RELEASE_DAY, CAUSE_COMPONENT_WEEK, BOUNDED_DAY) = (1 << bit for bit in range(14))
# Instead of marks: the event is dropped.
DROPPED = -1
# The numbers of version 2 of the bounds: places a day, and over the days of a week.
APPS, RELEASES, FEATURES, CAUSES, RELEASE_CAUSES, FATALS = range(6)
A_DAY = (4, 6, 10, 3, 4, 2)
A_WEEK = (16, 20, 56, 11, 14, 8)
WEEK_APPS, WEEK_FEATURES, WEEK_CAUSES, WEEK_COMPONENT_CAUSES, WEEK_PAIRED = 4, 15, 5, 4, 7
MOST_USES = 5
# What is known of an app on a day; FATAL also of an app in a week.
SESSION, FATAL, BOUNDED = 1, 2, 4


def joined(one, other):
    """One number of two that are of the same app."""
    other &= OWN
    return one ^ ((other << 13 | other >> (OWN_BITS - 13)) & OWN)


class Books:
    """Those of a device, for the events of one upload; made once, and opened for each."""

    __slots__ = (
        "app", "component_causes", "day_apps", "day_causes", "day_features", "fatals", "first", "in_day", "in_week",
        "lacks_release", "paired", "release", "release_causes", "releases", "stuck", "taken", "week_apps",
        "week_causes", "week_features",
    )

    def open(self, device, app, release):
        """Takes the places that all events of an upload need. Their marks are those of its first event."""
        (self.day_apps, self.releases, self.day_features, self.day_causes, self.release_causes, self.fatals,
         self.week_apps, self.week_features, self.week_causes, self.component_causes, self.paired,
         ) = device.places
        self.taken = device.taken
        self.app, self.release = app, release
        marks = 0
        if app not in self.day_apps and self.take(APPS, self.day_apps, app):
            marks |= APP_DAY
        self.in_day = app in self.day_apps
        if self.in_day and release not in self.releases and self.take(RELEASES, self.releases, release):
            marks |= RELEASE_DAY
        self.lacks_release = self.in_day and release not in self.releases
        if app not in self.week_apps and len(self.week_apps) < WEEK_APPS:
            self.week_apps[app] = 0
            marks |= APP_WEEK
        self.in_week = app in self.week_apps
        self.first = marks
        # Whether a mark is due to each event that finds no place.
        self.stuck = self.lacks_release or not (self.in_day and self.in_week)

    def take(self, kind, held, key):
        """Takes a place of the day book that is not held, and says whether there was one."""
        taken = self.taken
        if len(held) >= A_DAY[kind] or taken[kind] >= A_WEEK[kind]:
            return False
        held[key] = 0
        taken[kind] += 1
        return True

    def started(self):
        marks, self.first = self.first, 0
        return self.given(marks, self.stuck, self.lacks_release) if self.stuck else marks

    def stopped(self):
        marks, self.first = self.first, 0
        if self.in_day and not self.day_apps[self.app] & SESSION:
            self.day_apps[self.app] |= SESSION
            marks |= SESSION_DAY
        return self.given(marks, self.stuck, self.lacks_release) if self.stuck else marks

    def used(self, feature, times):
        """The marks, and whether the feature's place of the week was taken just now."""
        marks, self.first = self.first, 0
        stuck, full, is_new = self.stuck, self.lacks_release, False
        if self.in_day:
            held = self.day_features
            before = held.get(feature)
            if before is None and self.take(FEATURES, held, feature):
                marks |= ITEM_DAY
                before = 0
            if before is None:
                stuck = full = True
            elif before < MOST_USES:
                after = held[feature] = min(before + times, MOST_USES)
                if before < 2 <= after:
                    marks |= SECOND_USE
                if after == MOST_USES:
                    marks |= FIFTH_USE
        if self.in_week and feature not in self.week_features:
            if len(self.week_features) < WEEK_FEATURES:
                self.week_features[feature] = 0
                marks |= ITEM_WEEK
                is_new = True
            else:
                stuck = True
        return self.given(marks, stuck, full) if stuck else marks, is_new

    def failed(self, cause, component, fatal):
        """The marks; a component that is none has the number 0."""
        marks, self.first = self.first, 0
        full = self.lacks_release
        if self.in_day:
            got, is_full = self.failed_on_day(cause, fatal)
            marks |= got
            full |= is_full
        stuck = self.stuck or full
        if self.in_week:
            if cause not in self.week_causes:
                if len(self.week_causes) < WEEK_CAUSES:
                    self.week_causes[cause] = 0
                    marks |= ITEM_WEEK
                else:
                    stuck = True
            both = joined(cause, component)
            if both not in self.component_causes:
                if len(self.component_causes) < WEEK_COMPONENT_CAUSES:
                    self.component_causes[both] = 0
                    marks |= CAUSE_COMPONENT_WEEK
                else:
                    stuck = True
            if fatal and not self.week_apps[self.app] & FATAL:
                self.week_apps[self.app] |= FATAL
                marks |= FATAL_WEEK
        return self.given(marks, stuck, full) if stuck else marks

    def failed_on_day(self, cause, fatal):
        """The marks of the day book, and whether a place was lacking."""
        marks, full = 0, False
        if cause not in self.day_causes:
            if self.take(CAUSES, self.day_causes, cause):
                marks |= ITEM_DAY
            else:
                full = True
        if self.lacks_release:
            return marks, full
        both = joined(cause, self.release)
        if both not in self.release_causes:
            if self.take(RELEASE_CAUSES, self.release_causes, both):
                marks |= CAUSE_RELEASE_DAY
            else:
                full = True
        if fatal and self.release not in self.fatals:
            if not self.take(FATALS, self.fatals, self.release):
                full = True
            else:
                marks |= FATAL_RELEASE_DAY
                if not self.day_apps[self.app] & FATAL:
                    self.day_apps[self.app] |= FATAL
                    marks |= FATAL_DAY
        return marks, full

    def given(self, marks, stuck, full):
        """What an event gets for which a mark was due that found no place; full is whether in the day book."""
        bounded = 0
        if full and not self.day_apps[self.app] & BOUNDED:
            self.day_apps[self.app] |= BOUNDED
            bounded = BOUNDED_DAY
        if stuck and not marks:
            return bounded or DROPPED
        return marks | bounded

    def pairs(self, feature):
        """The features that one whose place was taken just now makes a pair with, by their numbers."""
        paired = self.paired
        if feature in paired or len(paired) >= WEEK_PAIRED:
            return ()
        app = feature >> OWN_BITS
        others = [other for other in paired if other >> OWN_BITS == app]
        paired[feature] = 0
        return others
