"""Brings what the peers need, once, into target/peers: jars by Maven, classes by javac, Python packages by pip."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

PEERS = Path(__file__).resolve().parent.parent
ROOT = PEERS.parent.parent
TARGET = ROOT / "target" / "peers"
# Quix Streams wants a confluent-kafka before 2.13, and has RocksDB from rocksdict.
PACKAGES = ["confluent-kafka==2.12.2", "fastavro==1.13.1", "quixstreams==3.28.1", "rocksdict==0.3.29"]


def enter_python():
    """Goes on in a Python that has the packages; makes it where it is missing."""
    folder = TARGET / "python"
    python = folder / "bin" / "python"
    if Path(sys.prefix).resolve() == folder.resolve():
        # Who is asked to stop cleans up.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
        return
    done = folder / "done"
    wanted = " ".join(PACKAGES)
    if not done.is_file() or done.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
        done.write_text(wanted)
    os.execv(python, [python, *sys.argv])


def jars(pom, folder):
    """The folder with what a pom depends on."""
    if folder.is_dir():
        return folder
    for program in ("java", "javac", "mvn"):
        if shutil.which(program) is None:
            sys.exit(f"`{program}` is missing: on Debian, apt-get install default-jdk-headless maven")
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    said = subprocess.run(
        ["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", f"-DoutputDirectory={partial}"],
        capture_output=True,
        text=True,
    )
    if said.returncode != 0:
        sys.exit(f"mvn brought nothing for {pom}:\n{said.stdout}{said.stderr}")
    partial.rename(folder)
    return folder


def kafka():
    """Kafka's own jars, where the integration tests have them too."""
    return jars(ROOT / "tests/kafka/pom.xml", ROOT / "target" / "kafka-4.1.1")


def classpath(peer):
    """What `java -cp` needs for a peer: its jars, and its classes beside the common ones."""
    pom = PEERS / peer / "pom.xml"
    brought = jars(pom, TARGET / f"jars-{peer}-{digest([pom])}")
    sources = sorted([*(PEERS / "common").glob("*.java"), *(PEERS / peer).glob("*.java")])
    classes = TARGET / f"classes-{peer}-{digest([pom, *sources])}"
    if not classes.is_dir():
        partial = classes.with_name(classes.name + ".partial")
        shutil.rmtree(partial, ignore_errors=True)
        subprocess.run(["javac", "-d", partial, "-cp", f"{brought}/*", *sources], check=True)
        partial.rename(classes)
    return f"{classes}:{brought}/*"


def digest(files):
    together = hashlib.sha256()
    for file in files:
        together.update(file.name.encode() + b"\0" + file.read_bytes())
    return together.hexdigest()[:12]
