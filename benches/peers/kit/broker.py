"""An Apache Kafka of one node on free ports, which ends with the script; and what is asked of any broker."""

import ctypes
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic, OffsetSpec

from kit import build

SETTINGS = """
process.roles=broker,controller
node.id=1
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=3000
log.cleaner.dedupe.buffer.size=16777216
"""


def die_with_parent():
    """So that nothing is left behind where the script is killed."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Broker:
    """The one at an address, or one of its own."""

    def __init__(self, address=None, heap="1g"):
        self.process = None
        self.folder = None
        # What all topics of this run begin with.
        self.run = f"peers-{time.time_ns()}"
        self.address = address or self._start(heap)
        self.admin = AdminClient({"bootstrap.servers": self.address, "log_level": 0})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()
            shutil.rmtree(self.folder, ignore_errors=True)
        else:
            # It is somebody's.
            ours = [name for name in self.admin.list_topics(timeout=30).topics if self.run in name]
            for deleted in self.admin.delete_topics(ours, operation_timeout=30).values() if ours else []:
                deleted.result()

    def _start(self, heap):
        self.folder = Path(tempfile.mkdtemp(prefix="kaiku-peers-"))
        port, controller = free_port(), free_port()
        properties = self.folder / "server.properties"
        properties.write_text(SETTINGS.format(port=port, controller=controller, folder=self.folder))
        java = ["java", f"-Xmx{heap}", "-XX:+UseSerialGC", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        java += ["-cp", f"{build.kafka()}/*"]
        form = ["kafka.tools.StorageTool", "format", "--cluster-id", "a2Fpa3UtcGVlcnMta2Fma2E", "--config", properties]
        subprocess.run([*java, *form], check=True, capture_output=True)
        log = (self.folder / "kafka.log").open("w")
        self.process = subprocess.Popen(
            [*java, "kafka.Kafka", properties], stdout=log, stderr=log, preexec_fn=die_with_parent
        )
        self._await(f"127.0.0.1:{port}")
        return f"127.0.0.1:{port}"

    def _await(self, address):
        admin = AdminClient({"bootstrap.servers": address, "log_level": 0})
        until = time.monotonic() + 120
        while time.monotonic() < until and self.process.poll() is None:
            try:
                admin.list_topics(timeout=2)
                return
            except KafkaException:
                time.sleep(0.2)
        raise SystemExit("Kafka did not come up:\n" + (self.folder / "kafka.log").read_text()[-2000:])

    def make(self, topics, partitions):
        """Makes topics; records keep the time that their producer gives them, as where history is replayed."""
        config = {"message.timestamp.type": "CreateTime", "retention.ms": "-1"}
        new = [NewTopic(name, partitions, 1, config=config) for name in topics]
        for made in self.admin.create_topics(new, operation_timeout=30).values():
            made.result()

    def partitions(self, topic):
        return len(self.admin.list_topics(topic, timeout=30).topics[topic].partitions)

    def ends(self, topic):
        """The end of each partition."""
        asked = {TopicPartition(topic, one): OffsetSpec.latest() for one in range(self.partitions(topic))}
        return {one.partition: found.result().offset for one, found in self.admin.list_offsets(asked).items()}

    def await_committed(self, group, topic, process, seconds):
        """Until a group has committed all that stands there; the process must not end before."""
        ends = {partition: end for partition, end in self.ends(topic).items() if end > 0}
        # A consumer that joins no group: an AdminClient crashes where the group's coordinator is not there yet.
        asking = Consumer({"bootstrap.servers": self.address, "group.id": group, "log_level": 0,
                           "isolation.level": "read_uncommitted"})
        try:
            until = time.monotonic() + seconds
            while time.monotonic() < until and process.poll() is None:
                try:
                    answer = asking.committed([TopicPartition(topic, one) for one in ends], timeout=5)
                    found = {one.partition: one.offset for one in answer}
                except KafkaException:
                    found = {}
                if all(found.get(partition, -1) >= end for partition, end in ends.items()):
                    return
                time.sleep(0.02)
        finally:
            asking.close()
        raise SystemExit(f"{group} has not committed the last offset: it has ended, or {seconds} s are over")


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
