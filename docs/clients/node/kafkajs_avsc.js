// Publishes uploads with kafkajs and avsc: node kafkajs_avsc.js BROKERS TOPIC DEVICES.

import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import avro from "avsc";
import { Kafka, Partitioners, logLevel } from "kafkajs";

const HEADER = Buffer.from("c3010509d7849da6f54d", "hex");
const SCHEMA = avro.Type.forSchema(JSON.parse(readFileSync("schemas/avro/raw_batch.avsc", "utf8")));

function upload(id) {
  return {
    device: { id, brand: "Nokia", model: "TA-1053", mcc: "244", mnc: "05" },
    app: "maps",
    release: "4.2",
    // Days since 1970-01-01.
    consent: { version: 2, since: Date.UTC(2026, 10, 1) / 86_400_000 },
    stream: randomBytes(8),
    first_sequence: 0,
    events: [
      { type: "started" },
      { type: "feature_used", feature: "route.bicycle", times: 2 },
      { type: "stopped", duration_s: 340 },
    ],
  };
}

function encode(batch) {
  // Without this a misspelt field is left out in silence.
  SCHEMA.isValid(batch, {
    noUndeclaredFields: true,
    errorHook(path) {
      throw new Error(`what stands at ${path.join(".") || "the top"} does not fit the schema`);
    },
  });
  return Buffer.concat([HEADER, SCHEMA.toBuffer(batch)]);
}

const [brokers, topic, devices] = process.argv.slice(2);
if (process.argv.length < 5) {
  console.error("usage: node kafkajs_avsc.js BROKERS TOPIC DEVICES");
  process.exit(2);
}
const kafka = new Kafka({ brokers: brokers.split(","), logLevel: logLevel.ERROR });
const producer = kafka.producer({
  // The default, named so that kafkajs does not warn and advise LegacyPartitioner, which is wrong.
  createPartitioner: Partitioners.DefaultPartitioner,
  idempotent: true, // acknowledged by all replicas
});
await producer.connect();
try {
  const messages = [];
  for (let device = 0; device < Number(devices); device++) {
    const key = randomBytes(16);
    const value = encode(upload(key));
    // Twice, as where an acknowledgement was lost. The same stream and number: it counts once.
    messages.push({ key, value }, { key, value });
  }
  // Waits for the answers to all of them, and throws what went wrong.
  await producer.send({ topic, messages });
} finally {
  await producer.disconnect();
}
console.log(`sent ${devices} uploads, each twice`);
