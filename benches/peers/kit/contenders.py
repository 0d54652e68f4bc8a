"""Starts `kaiku enrich` and the peers on topics that are filled, and waits until they are through."""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from kit import build, vocabulary
from kit.broker import die_with_parent

# The classes of those in Java.
PEERS = {"kafka-streams": "kaiku.peers.StreamsPeer", "flink": "kaiku.peers.FlinkPeer"}
# Libraries of Flink look into classes of Java's own.
OPEN = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in ("java.lang", "java.util", "java.nio")]
SETTINGS = """
[kafka]
brokers = ["{brokers}"]
prefix = "{prefix}"
insecure = true

[topics]
partitions = {partitions}
replay = true

[enrich]
group = "{prefix}enrich"
keys_dir = "keys"
delete_raw = false
mix_longest = "500ms"
new_devices_per_hour = 1000000000

[telemetry]
listen = "127.0.0.1:0"
"""


class Kaiku:
    """The binary, with settings for the topics under a prefix."""

    def __init__(self, binary, broker, prefix, partitions):
        self.binary, self.broker, self.prefix = Path(binary).resolve(), broker, prefix
        self.kept = tempfile.TemporaryDirectory(prefix="kaiku-peers-")
        self.folder = Path(self.kept.name)
        text = SETTINGS.format(brokers=broker.address, prefix=prefix, partitions=partitions)
        (self.folder / "kaiku.toml").write_text(text)

    def make_topics(self):
        subprocess.run([self.binary, "topics", "create"], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def enrich(self, seconds):
        """Runs `kaiku enrich` until it has committed the last offset; says what it has used from its assignment on."""
        log = self.folder / "enrich.log"
        with log.open("w") as out:
            process = subprocess.Popen([self.binary, "enrich"], cwd=self.folder, stdout=out, stderr=out,
                                       preexec_fn=die_with_parent)
        try:
            until = time.monotonic() + 120
            while "partitions assigned" not in log.read_text():
                if process.poll() is not None or time.monotonic() > until:
                    sys.exit("kaiku enrich was assigned no partition:\n" + log.read_text()[-2000:])
                time.sleep(0.02)
            begun = usage(process.pid)
            self.broker.await_committed(f"{self.prefix}enrich", f"{self.prefix}events.raw", process, seconds)
            ended = usage(process.pid)
            resident = re.search(r"VmRSS:\s*(\d+)", Path(f"/proc/{process.pid}/status").read_text())
            return ended[0] - begun[0], ended[1] - begun[1], int(resident[1]) // 1024
        finally:
            process.terminate()
            process.wait(60)


def usage(pid):
    """Wall and CPU seconds: the 14th and 15th field of proc(5)'s stat, counted behind the name of the program."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return time.monotonic(), (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def words():
    """The vocabulary of the peers."""
    build.TARGET.mkdir(parents=True, exist_ok=True)
    file = build.TARGET / "vocabulary.tsv"
    vocabulary.write(file)
    return file


def java(peer, main, heap, options, more=()):
    """A command line of a peer's Java."""
    command = ["java", f"-Xmx{heap}", "-XX:+UseParallelGC", *more, *(OPEN if peer == "flink" else [])]
    command += ["-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", build.classpath(peer), main]
    return command + given(options)


def python(module, options):
    """A command line of a peer in Python."""
    return [sys.executable, "-B", "-m", module, *given(options)]


def given(options):
    return [part for name, value in options.items() for part in (f"--{name}", str(value))]


def out_name(peer, store):
    """The topic that a peer writes, behind the prefix."""
    return f"{peer}-{store}.stripped"


def run_peer(peer, store, broker, prefixes, threads, commit_ms, heap, more=(), seconds=600):
    """Runs a peer over the topics of each prefix, and yields what it says of each round."""
    with tempfile.TemporaryDirectory(prefix="kaiku-peers-") as folder:
        options = {
            "brokers": broker.address, "prefixes": ",".join(prefixes), "out": out_name(peer, store),
            "vocabulary": words(), "store": store, "threads": threads, "commit-ms": commit_ms, "folder": folder,
            "deadline-s": seconds,
        }
        is_java = peer in PEERS
        command = java(peer, PEERS[peer], heap, options, more) if is_java else python(f"{peer}.peer", options)
        process = subprocess.Popen(command, cwd=None if is_java else build.PEERS, stdout=subprocess.PIPE, text=True,
                                   preexec_fn=die_with_parent)
        for line in process.stdout:
            if line.startswith("{"):
                yield json.loads(line)
        if process.wait() != 0:
            sys.exit(f"{peer} has failed")
