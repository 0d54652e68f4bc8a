"""Which numbers of a device's streams were counted: what tells a repetition from something new."""

OF_APP, OF_DEVICE, GAPS = 4, 16, 16


def take(streams, app, stream, first, count):
    """Takes the numbers of an upload, and says which of its events are new, as places from and to in their order."""
    known = streams.pop((app, stream), None)
    if known is None:
        make_room(streams, app)
        following, gaps = 0, ()
    else:
        following, gaps = known
    end = first + count
    fresh = []
    if first < following:
        gaps, fresh = fill(gaps, first, end)
    elif first > following:
        gaps = newest((*gaps, following, first))
    if end > following:
        fresh.append((max(first, following) - first, count))
        following = end
    streams[app, stream] = following, gaps
    return fresh


def make_room(streams, app):
    """Of what is remembered, that which was used longest ago goes."""
    of_app = [one for one in streams if one[0] == app]
    if len(of_app) >= OF_APP:
        del streams[of_app[0]]
    elif len(streams) >= OF_DEVICE:
        del streams[next(iter(streams))]


def fill(before, first, end):
    """The gaps without what lies in an upload, and which places of it were in them."""
    left, late = [], []
    for a, b in zip(before[::2], before[1::2]):
        begin, stop = max(a, first), min(b, end)
        if begin >= stop:
            left += (a, b)
            continue
        late.append((begin - first, stop - first))
        if a < begin:
            left += (a, begin)
        if stop < b:
            left += (stop, b)
    return newest(tuple(left)), late


def newest(gaps):
    """Of more than are remembered, those with the lowest numbers are taken for counted."""
    return gaps[-2 * GAPS :]
