// Publishes uploads with kafkajs and its client of a registry: node kafkajs_registry.js BROKERS TOPIC DEVICES REGISTRY_URL.

import { randomBytes } from "node:crypto";
import { SchemaRegistry } from "@kafkajs/confluent-schema-registry";
import { Kafka, Partitioners, logLevel } from "kafkajs";

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

// Without this a misspelt field is left out in silence.
function check(schema, batch) {
  schema.isValid(batch, {
    noUndeclaredFields: true,
    errorHook(path) {
      throw new Error(`what stands at ${path.join(".") || "the top"} does not fit the schema`);
    },
  });
}

const [brokers, topic, devices, registryUrl] = process.argv.slice(2);
if (process.argv.length < 6) {
  console.error("usage: node kafkajs_registry.js BROKERS TOPIC DEVICES REGISTRY");
  process.exit(2);
}
// The schema that `kaiku schemas push` has registered; its id stands in front of the Avro.
const registry = new SchemaRegistry({ host: registryUrl });
const schemaId = await registry.getLatestSchemaId("kaiku.raw.RawBatch");
const schema = await registry.getSchema(schemaId);
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
    const batch = upload(key);
    check(schema, batch);
    const value = await registry.encode(schemaId, batch);
    // Twice, as where an acknowledgement was lost. The same stream and number: it counts once.
    messages.push({ key, value }, { key, value });
  }
  // Waits for the answers to all of them, and throws what went wrong.
  await producer.send({ topic, messages });
} finally {
  await producer.disconnect();
}
console.log(`sent ${devices} uploads, each twice`);
