"""What one call of used costs an app in Python, in microseconds.

    bench.py FOLDER CATALOGUE
"""

import sys
from time import perf_counter_ns

import kaiku

WARM_UP, CALLS = 5_000, 50_000

folder, catalogue = sys.argv[1:]
with open(catalogue, encoding="utf-8") as file:
    text = file.read()
device = kaiku.DeviceFacts(brand="Nokia", model="TA-1053")
program = kaiku.Program(
    kaiku.Settings(folder=folder, catalogue=text, release="4.2", app_key="key", device=device, is_test=True)
)
program.turn_on(kaiku.Level.BOTH, 2, "en")
program.start_worker()


def measure(call):
    for _ in range(WARM_UP):
        call()
    times = []
    for _ in range(CALLS):
        begin = perf_counter_ns()
        call()
        times.append(perf_counter_ns() - begin)
    times.sort()
    median, most = times[CALLS // 2] / 1e3, times[CALLS // 100 * 99] / 1e3
    print(f"Python: median {median:.2f} us, 99th percentile {most:.2f} us a call")


measure(lambda: program.used("route.bicycle"))
program.turn_off()
program.finish()
