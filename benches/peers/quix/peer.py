"""Runs the peer round after round, each with processes and state of its own, and prints a line of JSON a round."""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from kit.broker import Broker, die_with_parent
from kit.build import PEERS
from kit.contenders import usage


class Workers:
    """The processes of a round: Quix Streams has one thread, and shares partitions among processes of one group."""

    def __init__(self, asked, prefix):
        self.folder = Path(asked.folder) / prefix
        self.group = f"{prefix}{asked.out}.group"
        self.all = []
        for number in range(asked.threads):
            options = {
                "brokers": asked.brokers, "raw": f"{prefix}events.raw", "stripped": prefix + asked.out,
                "group": self.group, "vocabulary": asked.vocabulary, "folder": self.folder / str(number),
                "commit-ms": asked.commit_ms,
            }
            command = [sys.executable, "-B", "-m", "quix.worker"]
            command += [part for name, value in options.items() for part in (f"--{name}", str(value))]
            self.all.append(subprocess.Popen(command, cwd=PEERS, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                             text=True, preexec_fn=die_with_parent))

    def start(self):
        """Lets them begin together, once all have loaded what they need."""
        for worker in self.all:
            if worker.stdout.readline() != "ready\n":
                sys.exit("a worker of Quix Streams did not come up")
        for worker in self.all:
            worker.stdin.write("go\n")
            worker.stdin.flush()

    def poll(self):
        """None while all of them run."""
        return next((worker.poll() for worker in self.all if worker.poll() is not None), None)

    def stop(self):
        """Returns when all that they wrote is committed, with what each says of itself."""
        for worker in self.all:
            worker.terminate()
        told = [worker.communicate()[0] for worker in self.all]
        if any(worker.returncode != 0 for worker in self.all):
            sys.exit("a worker of Quix Streams has failed")
        shutil.rmtree(self.folder, ignore_errors=True)
        return [json.loads(line) for line in told]


def resident(pid):
    return int(re.search(r"VmRSS:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())[1]) // 1024


def run_round(asked, broker, prefix, number):
    workers = Workers(asked, prefix)
    workers.start()
    broker.await_committed(workers.group, f"{prefix}events.raw", workers, asked.deadline_s)
    ended = time.monotonic()
    used = [usage(worker.pid)[1] for worker in workers.all]
    memory = sum(resident(worker.pid) for worker in workers.all)
    told = workers.stop()
    # A worker begins with its first record; one that got none has done nothing.
    begun = [(*one["begun"], until) for one, until in zip(told, used) if one["begun"]]
    wall = ended - min((at for at, _, _ in begun), default=ended)
    cpu = sum(until - before for _, before, until in begun)
    sums = {name: sum(one[name] for one in told) for name in ("events", "counted_once", "refused")}
    return {"peer": f"quix {asked.store}", "round": number, **sums, "wall_s": round(wall, 2), "cpu_s": round(cpu, 2),
            "events_per_cpu_s": round(sums["events"] / max(cpu, 0.01)), "rss_mb": memory}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("brokers", "prefixes", "out", "vocabulary", "folder"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--store", choices=["rocksdb"], required=True)
    for name in ("threads", "commit-ms", "deadline-s"):
        parser.add_argument(f"--{name}", type=int, required=True)
    asked = parser.parse_args()
    broker = Broker(asked.brokers)
    for number, prefix in enumerate(asked.prefixes.split(","), 1):
        print(json.dumps(run_round(asked, broker, prefix, number)), flush=True)


if __name__ == "__main__":
    main()
