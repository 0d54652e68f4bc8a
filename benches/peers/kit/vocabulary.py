"""Writes the catalogue and the reference tables as one flat file of look-ups, which a peer reads into its tables."""

import datetime
import re
import tomllib
from csv import reader

from kit.build import ROOT

REFERENCE = ROOT / "schemas/catalogue/reference"
SOURCES = ROOT / "schemas/catalogue/src"
EPOCH = datetime.date(1970, 1, 1)
NEVER = 2**31 - 1
UNKNOWN = "ZZ"
NOBODY = {"unassigned", "test", "test networks", "private networks"}


def days(date):
    return (date - EPOCH).days


def write(file, folder=ROOT / "schemas/catalogue/sample"):
    """Each line is one name or one look-up, its fields parted by tabs."""
    lines = [*consents(folder), *apps(folder), *models(), *operators()]
    file.write_text("".join("\t".join(map(str, line)) + "\n" for line in lines), encoding="utf-8")


def consents(folder):
    program = tomllib.loads((folder / "program.toml").read_text())
    texts = {int(version): text for version, text in program["consent"].items()}
    lowest = program.get("lowest_accepted", min(texts))
    first = days(datetime.date(2020, 1, 1))
    for version in sorted(texts):
        first = days(texts[version]["since"]) if "since" in texts[version] else first
        if version >= lowest:
            yield "consent", version, first


def apps(folder):
    built_in = re.search(r"BUILT_IN_CAUSES.*?\];", (SOURCES / "names.rs").read_text(), re.S)[0]
    causes = re.findall(r'\(\s*"(\w+)",', built_in)
    yield from (("cause", "", name, NEVER) for name in causes)
    for file in sorted(folder.glob("*.toml")):
        if file.name == "program.toml":
            continue
        told = tomllib.loads(file.read_text())
        app, expires = told["app"], days(told["expires"])
        yield "app", app, expires
        yield from (("release", app, name, NEVER) for name in told.get("releases", {}))
        yield from (("cause", app, name, expires) for name in causes)
        for kind in ("feature", "cause", "component"):
            for name, info in told.get(kind + "s", {}).items():
                own = days(info["expires"]) if "expires" in info else expires
                yield kind, app, name, min(own, expires)


def table(name):
    with (REFERENCE / name).open(encoding="utf-8", newline="") as text:
        return list(reader(text))[1:]


def usual(names):
    """For each name in lower case the spelling that most rows have, the first of equals."""
    spellings = {}
    for name in names:
        of = spellings.setdefault(name.lower(), {})
        of[name] = of.get(name, 0) + 1
    return {folded: max(of, key=of.get) for folded, of in spellings.items()}


def models():
    is_text = lambda text: all(32 <= ord(one) < 127 for one in text)
    rows = [row[:2] for row in table("models.csv") if is_text(row[0]) and is_text(row[1])]
    brands = usual(brand for brand, _ in rows)
    texts = {}
    for brand, code in rows:
        text = f"{brands[brand.lower()]}/{code}"
        yield "model", f"{brand.lower()}/{code}", text
        texts.setdefault(code, []).append(text)
    yield from (("code", code, of[0]) for code, of in texts.items() if len(of) == 1)


def countries():
    text = (SOURCES / "reference/countries.rs").read_text()
    codes = re.search(r"CODES: \[&str; \d+\] = \[(.*?)\];", text, re.S)[1]
    return [code for code in re.findall(r'"([A-Z]{2})"', codes) if code != UNKNOWN]


def operators():
    codes = countries()
    yield from (("country", code) for code in codes)
    known = set(codes)
    shared = {(mcc, mnc): of.split(" ") for mcc, mnc, of in table("shared.csv")}
    rows = []
    for mcc, mnc, name, country, *_ in table("operators.csv"):
        if name.lower() not in NOBODY:
            own = [country if country in known else UNKNOWN]
            rows.append((mcc, mnc, name, shared.get((mcc, mnc)) or shared.get((mcc, "*")) or own))
    spelling = usual(f"{name} ({country})" for _, _, name, of in rows for country in of)
    networks = {}
    for mcc, mnc, name, of in rows:
        if not (re.fullmatch("[0-9]{3}", mcc) and re.fullmatch("[0-9]{2,3}", mnc)):
            continue
        for country in of:
            found = spelling[f"{name} ({country})".lower()], country
            networks.setdefault(f"{mcc}-{mnc}", found)
            if len(of) > 1:
                networks[f"{mcc}-{mnc}-{country}"] = found
    yield from (("network", network, *found) for network, found in networks.items())
    yield from of_mcc(rows, shared)


def of_mcc(rows, shared):
    """The country of a mcc, and each that it may be: those that share it, then those of most networks."""
    counted = {}
    for mcc, _, _, of in rows:
        for place, country in enumerate(one for one in of if one != UNKNOWN):
            counts = counted.setdefault(mcc, {})
            counts[country] = counts.get(country, 0) + (place == 0)
    for mcc, counts in counted.items():
        of = list(shared.get((mcc, "")) or shared.get((mcc, "*")) or [])
        of += [one for one in sorted(counts, key=counts.get, reverse=True) if one not in of]
        yield "mcc", mcc, of[0]
        yield from (("mcc", f"{mcc}-{country}", country) for country in of)
