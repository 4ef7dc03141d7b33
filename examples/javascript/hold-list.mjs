// Keep a local list of who is held, and ask before each send. Copy this file: it needs nothing of Makegood's own code.
//
//   npm install kafkajs avsc
//   node hold-list.mjs            # then write a question a line: ann promotion email
//
// Settings: KAFKA_BOOTSTRAP, TOPIC (suppressions), GROUP, SCHEMAS (the repository's schemas folder), REGISTRY (a schema
// registry's address, where Makegood writes Confluent's format), GATE and TOKEN (`makegood web`).

import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import avro from 'avsc';
import { Kafka, logLevel } from 'kafkajs';

const ANY = '*';
const NEVER_HELD = new Set(['transactional', 'recovery']);

/** CRC-64-AVRO of a schema's canonical form, as Avro's specification defines it; 8 bytes, little endian. */
export function fingerprint(type) {
  const empty = 0xc15d213aa4d7a795n;
  let value = empty;
  for (const byte of Buffer.from(JSON.stringify(type.schema()))) {
    let row = (value ^ BigInt(byte)) & 0xffn;
    for (let bit = 0; bit < 8; bit += 1) row = row & 1n ? (row >> 1n) ^ empty : row >> 1n;
    value = (value >> 8n) ^ row;
  }
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes.toString('hex');
}

/** Reads record values in both forms Makegood may write: Avro single-object encoding, and Confluent's. */
export class Values {
  #writers = new Map(); // how to read what was written with each schema
  #reader;
  #registry;

  constructor(schemas, registry) {
    this.#registry = registry;
    this.#reader = parsed(readFileSync(join(schemas, 'suppressions/suppression.v1.avsc'), 'utf8'));
    // released forms too: records written before an update are still on the topic
    const released = join(schemas, 'released');
    const folders = [schemas, ...(existsSync(released) ? readdirSync(released).map((name) => join(released, name)) : [])];
    for (const folder of folders.map((name) => join(name, 'suppressions')).filter(existsSync)) {
      for (const name of readdirSync(folder).filter((file) => file.endsWith('.avsc'))) {
        const type = parsed(readFileSync(join(folder, name), 'utf8'));
        this.#knows(`c301${fingerprint(type)}`, type);
      }
    }
  }

  /** Returns a value as our newest schema has it; fields added since the writer get their defaults. */
  async read(value) {
    const confluent = value[0] === 0;
    const head = value.subarray(0, confluent ? 5 : 10);
    const name = head.toString('hex');
    if (!this.#writers.has(name) && confluent && this.#registry) {
      const answer = await fetch(`${this.#registry}/schemas/ids/${head.readUInt32BE(1)}`);
      if (answer.ok) this.#knows(name, parsed((await answer.json()).schema));
    }
    const resolver = this.#writers.get(name);
    if (resolver === undefined) throw new Error(`unknown schema ${name}: give SCHEMAS or REGISTRY as Makegood has them`);
    return this.#reader.fromBuffer(value.subarray(head.length), resolver);
  }

  #knows(name, type) {
    this.#writers.set(name, this.#reader.createResolver(type));
  }
}

function parsed(text) {
  return avro.Type.forSchema(JSON.parse(text));
}

/** Who is held: the newest record of each customer. */
export class HoldList {
  #ledgers = new Map();

  /** Takes one record in; null (a tombstone): nothing is known to be held. */
  take(customer, ledger) {
    if (ledger === null) this.#ledgers.delete(customer);
    else this.#ledgers.set(customer, ledger);
  }

  /** Returns why a message may not go now, null when nothing here forbids it. */
  whyNot(customer, messageClass, channel, now = Date.now()) {
    const ledger = this.#ledgers.get(customer);
    if (ledger === undefined || NEVER_HELD.has(messageClass)) return null;
    const covers = (words, word) => words.includes(ANY) || words.includes(word) || word === ANY;
    for (const { scope, reason, until_what: until } of ledger.holds) {
      if (covers(scope.classes, messageClass) && covers(scope.channels, channel)) {
        return `held because of ${reason} until ${until}`;
      }
    }
    const waits = ledger.ramp.some((step) => covers(step.classes, messageClass) && step.from > now);
    return waits ? 'released, and coming back step by step' : null;
  }
}

/** Reads the topic from its beginning, for ever; resolves once all that was there at the start is in. */
export async function follow(holds, values, { bootstrap, topic, group }) {
  const kafka = new Kafka({ clientId: 'hold-list', brokers: bootstrap.split(','), logLevel: logLevel.ERROR });
  const admin = kafka.admin();
  await admin.connect();
  const behind = new Map();
  for (const { partition, low, high } of await admin.fetchTopicOffsets(topic)) {
    if (BigInt(high) > BigInt(low)) behind.set(partition, BigInt(high));
  }
  await admin.disconnect();
  // committed records only, which is what kafkajs reads unless told otherwise; no offsets are kept: the list is in memory
  const consumer = kafka.consumer({ groupId: group, readUncommitted: false });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const caughtUp = new Promise((resolve, reject) => {
    const reached = (partition, next) => {
      if (behind.has(partition) && next >= behind.get(partition)) behind.delete(partition);
      if (behind.size === 0) resolve();
    };
    if (behind.size === 0) resolve();
    consumer.on(consumer.events.CRASH, ({ payload }) => reject(payload.error));
    // the last offset of a batch counts markers of transactions, which no message shows
    consumer.on(consumer.events.END_BATCH_PROCESS, ({ payload }) =>
      reached(payload.partition, BigInt(payload.lastOffset) + 1n),
    );
    consumer
      .run({
        autoCommit: false,
        eachMessage: async ({ message, partition }) => {
          const customer = message.key.toString();
          const ledger = message.value === null ? null : await values.read(message.value);
          holds.take(customer, ledger);
          console.log(`${customer}: ${ledger?.suppressed ? 'held' : 'free'}`);
          reached(partition, BigInt(message.offset) + 1n);
        },
      })
      .catch(reject);
  });
  await caughtUp;
  return consumer;
}

/** Asks the gate just before the send: it knows what was committed some milliseconds ago. */
export async function askGate(gate, token, customer, messageClass, channel) {
  const answer = await fetch(`${gate}/v1/may-send`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${token}` },
    body: JSON.stringify({ questions: [{ customer, class: messageClass, channel }] }),
    signal: AbortSignal.timeout(5_000),
  });
  if (!answer.ok) throw new Error(`${answer.status}: ${await answer.text()}`);
  return (await answer.json()).answers[0];
}

/** Returns what to do with a message, in words: what the list forbids needs no question. */
export async function ask(holds, customer, messageClass, channel, { gate, token }) {
  const why = holds.whyNot(customer, messageClass, channel);
  if (why !== null) return `no: ${why}`;
  try {
    const answer = await askGate(gate, token, customer, messageClass, channel);
    return `${answer.allowed ? 'yes' : 'no'}: ${answer.why}`;
  } catch (error) {
    // nobody can say: marketing waits, whatever was promised to the customer goes
    const then = NEVER_HELD.has(messageClass) ? 'send' : 'wait';
    return `the gate at ${gate} does not answer (${error.message}): ${then}`;
  }
}

async function main() {
  const { env } = process;
  const holds = new HoldList();
  const consumer = await follow(holds, new Values(env.SCHEMAS ?? 'schemas', env.REGISTRY), {
    bootstrap: env.KAFKA_BOOTSTRAP ?? '127.0.0.1:9092',
    topic: env.TOPIC ?? 'suppressions',
    group: env.GROUP ?? `hold-list-${hostname()}-${process.pid}`,
  });
  console.log('caught up: ask CUSTOMER CLASS CHANNEL');
  const gate = { gate: env.GATE ?? 'http://127.0.0.1:6080', token: env.TOKEN ?? '' };
  for await (const line of createInterface({ input: process.stdin })) {
    const [customer, messageClass, channel] = line.trim().split(/\s+/);
    console.log(await ask(holds, customer, messageClass, channel, gate));
  }
  await consumer.disconnect();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
