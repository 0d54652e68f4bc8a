"""The catalogue and the reference tables as a worker asks them, read from the flat file of kit/vocabulary.py."""

from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from quix.avro import string

NEVER = 2**31 - 1
UNLISTED = b"unlisted"
# A name's number: 23 bits of its app, then 40 of its own. So a place in a device's state says whose it is.
APP_BITS, OWN_BITS = 23, 40
OWN = 2**OWN_BITS - 1
DAYS_KEPT = 16


def digest(*parts):
    """A number that is the same in every process: state holds it."""
    return int.from_bytes(blake2b(b"\0".join(parts), digest_size=8).digest(), "little")


class Name(NamedTuple):
    """What may be reported of an app: as Avro writes it, its number, and whether the catalogue has it."""

    avro: bytes
    key: int
    listed: bool


class Home(NamedTuple):
    """A model, operator or country: as Avro writes it, and its number."""

    avro: bytes
    key: int


class App:
    """An app on a day: its names by their bytes, and what stands for those that it does not have."""

    def __init__(self, text):
        self.avro = string(text)
        self.number = digest(b"app", text) >> (64 - APP_BITS)
        self.key = self.number << OWN_BITS
        self.releases, self.features, self.causes, self.components = {}, {}, {}, {}
        self.release = self.name(b"release", UNLISTED)
        self.feature = self.name(b"feature", UNLISTED)
        self.cause = self.name(b"cause", UNLISTED)
        self.component = self.name(b"component", UNLISTED)

    def name(self, kind, text, listed=False):
        return Name(string(text), self.key | digest(kind, text) & OWN, listed)


def home(kind, text):
    return Home(string(text), digest(kind, text) >> 1)


MODEL, OPERATOR, UNKNOWN = home(b"model", UNLISTED), home(b"operator", UNLISTED), home(b"country", b"ZZ")


class Vocabulary:
    """All look-ups."""

    def __init__(self, file):
        self.consents = {}
        self.declared = []
        self.apps = {b"": NEVER}
        self.models, self.codes, self.networks, self.countries = {}, {}, {}, {}
        # The first country of a mcc, and under `mcc-CC` each that it may be.
        self.of_mcc = {}
        # The country of an operator, by its number.
        self.own = {}
        self.homes = {one.key: one for one in (MODEL, OPERATOR, UNKNOWN)}
        for line in Path(file).read_bytes().splitlines():
            self.take(line.split(b"\t"))
        # By number the features that enter into pairs: their name, and as Avro writes it.
        self.paired = {}
        for kind, app, text, _ in self.declared:
            if kind == b"feature":
                name = App(app).name(kind, text)
                self.paired[name.key] = text, name.avro
        numbers = {App(app or UNLISTED).number for app in self.apps}
        if len(numbers) < len(self.apps):
            raise SystemExit("two apps have the same number: APP_BITS must be more")
        self.days = {}

    def take(self, line):
        kind, *fields = line
        match kind:
            case b"consent":
                self.consents[int(fields[0])] = int(fields[1])
            case b"app":
                self.apps[fields[0]] = int(fields[1])
            case b"release" | b"feature" | b"cause" | b"component":
                self.declared.append((kind, fields[0], fields[1], int(fields[2])))
            case b"country":
                self.countries.setdefault(fields[0], self.home(kind, fields[0]))
            case b"model":
                self.models.setdefault(fields[0], self.home(b"model", fields[1]))
            case b"code":
                self.codes.setdefault(fields[0], self.home(b"model", fields[1]))
            case b"network":
                operator = self.networks.setdefault(fields[0], self.home(b"operator", fields[1]))
                self.own[operator.key] = self.home(b"country", fields[2])
            case b"mcc":
                self.of_mcc.setdefault(fields[0], self.home(b"country", fields[1]))
            case _:
                raise SystemExit(f"a line of another kind: {kind}")

    def home(self, kind, text):
        """One value a name, however often it is listed."""
        found = home(kind, text)
        return self.homes.setdefault(found.key, found)

    def names(self):
        """Every name of an app, and the features among them."""
        features = {text for kind, _, text, _ in self.declared if kind == b"feature"}
        return features, {text for _, _, text, _ in self.declared} | set(self.apps) - {b""}

    def accepts(self, version, since):
        """A consent counts where its text is accepted and was there, give or take a day across time zones."""
        return since + 1 >= self.consents.get(version, NEVER)

    def on(self, day):
        """The apps of a day by their names, without what has expired; under no name that of all others."""
        found = self.days.get(day)
        if found is None:
            if len(self.days) >= DAYS_KEPT:
                self.days.clear()
            found = self.days[day] = self.build(day)
        return found

    def build(self, day):
        apps = {app: App(app or UNLISTED) for app, expires in self.apps.items() if day < expires}
        for kind, app, text, expires in self.declared:
            if app in apps and day < expires:
                table = getattr(apps[app], kind.decode() + "s")
                table.setdefault(text, apps[app].name(kind, text, listed=True))
        return apps

    def home_of(self, upload):
        """The numbers of model, operator and country."""
        model = self.models.get(upload.brand.lower() + b"/" + upload.model) or self.codes.get(upload.model, MODEL)
        named = self.countries.get(upload.country, UNKNOWN)
        operator = self.operator(upload, named)
        return model.key, operator.key, self.country(upload, operator, named).key

    def texts_of(self, home):
        """Model, operator and country as Avro writes them, by their numbers."""
        model, operator, country = home
        known = self.homes.get
        return known(model, MODEL).avro, known(operator, OPERATOR).avro, known(country, UNKNOWN).avro

    def operator(self, upload, named):
        """The operator of the network; where countries share it, that of the one that the device names."""
        if upload.mcc is None or upload.mnc is None:
            return OPERATOR
        network = upload.mcc + b"-" + upload.mnc
        if named is not UNKNOWN:
            found = self.networks.get(network + b"-" + named.avro[1:])
            if found is not None:
                return found
        return self.networks.get(network, OPERATOR)

    def country(self, upload, operator, named):
        """The operator's own country, else one of its mcc, else the one that the device names."""
        own = self.own.get(operator.key, UNKNOWN)
        if own is not UNKNOWN:
            return own
        if upload.mcc is None:
            return named
        found = self.of_mcc.get(upload.mcc + b"-" + named.avro[1:])
        return found or self.of_mcc.get(upload.mcc, named)
