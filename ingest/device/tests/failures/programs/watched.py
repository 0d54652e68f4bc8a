"""A host in Python, with its own reporter of faults before or after us."""

import ctypes
import faulthandler
import os
import sys

library, folder, order, way = sys.argv[1:]
watched = ctypes.CDLL(library)


def begin():
    watched.watched_begin(os.fsencode(folder))


steps = {"python": faulthandler.enable, "ours": begin}
for step in order.split(","):
    steps[step]()

print("ready", flush=True)
if way == "stops":
    watched.watched_stop()
elif way == "exits":
    sys.exit(1)
elif way == "faults":
    ctypes.string_at(8)
elif way == "aborts":
    os.abort()
