"""Reads and writes what Avro's binary encoding is made of; what does not fit is refused."""

MOST_ITEMS = 1_000
INT = range(-(2**31), 2**31)


class Refused(Exception):
    """Why a record is rejected whole."""


MALFORMED = Refused("malformed")
UNFIT = Refused("unfit")


def number(data, at):
    """A number, and where it ends; so with all that reads. Beyond the end of the data is an IndexError."""
    value = data[at]
    if value < 128:
        return (value >> 1) ^ -(value & 1), at + 1
    value = 0
    for shift in range(0, 64, 7):
        one = data[at]
        at += 1
        value |= (one & 127) << shift
        if one < 128:
            value &= 2**64 - 1
            return (value >> 1) ^ -(value & 1), at
    raise MALFORMED


def small(data, at):
    value, at = number(data, at)
    if value not in INT:
        raise MALFORMED
    return value, at


def choice(data, at, many):
    """The number of a branch or symbol, of so many."""
    value = data[at]
    if value & 129:
        # Negative, or of more than one byte.
        value, at = number(data, at)
        if not 0 <= value < many:
            raise MALFORMED
        return value, at
    value >>= 1
    if value >= many:
        raise MALFORMED
    return value, at + 1


def text(data, at):
    """A text as its bytes. One that is cut off ends beyond the data: whoever reads on finds that."""
    size = data[at]
    if size < 128 and not size & 1:
        at += 1
        size >>= 1
    else:
        size, at = number(data, at)
        if size < 0:
            raise MALFORMED
    found = data[at : at + size]
    if not found.isascii():
        try:
            found.decode()
        except UnicodeDecodeError:
            raise MALFORMED from None
    return found, at + size


def optional(data, at):
    """A text, or None."""
    branch = data[at]
    if branch == 0:
        return None, at + 1
    if branch != 2:
        branch, at = choice(data, at, 2)
        return text(data, at) if branch else (None, at)
    return text(data, at + 1)


def block(data, at):
    """How many items the next block of an array has; 0 where the array ends."""
    count, at = number(data, at)
    if count < 0:
        count, at = -count, number(data, at)[1]
    if count > MOST_ITEMS:
        raise MALFORMED
    return count, at


def written(value):
    """A number as Avro writes it."""
    rest = (value << 1) ^ (value >> 63)
    out = bytearray()
    while rest > 127:
        out.append(rest & 127 | 128)
        rest >>= 7
    out.append(rest)
    return bytes(out)


# What is written often: all marks, and all times.
NUMBERS = [written(value) for value in range(2**14)]


def string(utf8):
    """A text as Avro writes it."""
    return written(len(utf8)) + utf8
