// A service of the range: it reads its profile, serves its routes and takes messages from its queue.
'use strict';

const { createHash } = require('node:crypto');
const fs = require('node:fs');
const amqp = require('amqplib');
const express = require('express');
const http = require('node:http');
const Redis = require('ioredis');
const { Pool } = require('pg');
const log = require('pino')();

const CACHE_KEYS = 100, HOT_ROWS = 20, PER_CUSTOMER = 80, SPAN = 40, AT_ONCE = 8;
const BLOCK = Buffer.alloc(64 * 1024);

const profile = JSON.parse(fs.readFileSync(process.env.RANGE_PROFILE, 'utf8'));
if (!profile.routes?.length) throw new Error('the profile has no routes');

const customers = Math.max(1, Math.floor(profile.rows / PER_CUSTOMER));
const agent = new http.Agent({ keepAlive: true });
const below = (end) => Math.floor(Math.random() * end);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const leaked = [];
let channel = null;

// Pools connect when they are first used, so that a service starts without its stores.
const pool = (url) => {
  const made = new Pool({
    connectionString: url,
    max: profile.database_pool,
    application_name: profile.service,
    connectionTimeoutMillis: profile.pool_timeout_ms,
    query_timeout: 5000,
  });
  made.on('error', (error) => log.error({ error: error.message }, 'idle connection lost'));
  return made;
};
const primary = profile.database ? pool(profile.database) : null;
const reader = profile.replica ? pool(profile.replica) : primary;
const cache = profile.cache
  ? new Redis(profile.cache, { lazyConnect: true, commandTimeout: 1000, maxRetriesPerRequest: 1 })
  : null;
cache?.on('error', (error) => log.error({ error: error.message }, 'cache lost'));

function hash(kib) {
  const digest = createHash('sha256');
  for (let done = 0; done < kib; done += 64) digest.update(BLOCK);
  digest.digest();
}

function touch(kib) {
  return Buffer.alloc(kib * 1024, 1);
}

function get(url) {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent, timeout: profile.timeout_ms }, (answer) => {
      answer.resume();
      answer.on('error', reject);
      answer.on('end', () => (answer.statusCode >= 500 ? reject(new Error(`status ${answer.statusCode}`)) : resolve()));
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })));
    request.on('error', reject);
  });
}

async function publish(queue) {
  if (!channel) {
    const connection = await amqp.connect(profile.queue, { timeout: 3000 });
    connection.on('error', (error) => log.error({ error: error.message }, 'queue lost'));
    connection.on('close', () => (channel = null));
    channel = await connection.createChannel();
    channel.on('error', () => (channel = null));
  }
  const body = Buffer.from(JSON.stringify({ id: 1 + below(1000) }));
  channel.sendToQueue(queue, body, { persistent: true, contentType: 'application/json' });
  log.info({ queue }, 'message sent');
}

const kinds = {
  hash: (step) => hash(step.amount),
  wait: (step) => sleep(step.amount * -Math.log(1 - Math.random())),
  allocate: (step) => void touch(step.amount),
  read: (step) =>
    reader.query(`SELECT id, note FROM ${profile.table} WHERE customer = $1 LIMIT $2`, [below(customers), step.amount]),
  async write(step) {
    for (let row = 0; row < step.amount; row += 1)
      await primary.query(`UPDATE ${profile.table} SET hits = hits + 1 WHERE id = $1`, [1 + below(HOT_ROWS)]);
    log.info({ table: profile.table }, 'row updated');
  },
  async cache() {
    const customer = below(Math.min(CACHE_KEYS, customers));
    const key = `${profile.service}:${customer}`;
    if ((await cache.get(key)) !== null) return;
    await reader.query(
      `SELECT customer, sum(hits) FROM ${profile.table} WHERE customer >= $1 AND customer < $2 GROUP BY customer`,
      [customer, customer + SPAN],
    );
    await cache.set(key, customer, 'EX', profile.cache_seconds);
  },
  async call(step) {
    const url = profile.upstreams[step.target] + step.path.replace('{id}', 1 + below(1000));
    for (let left = profile.retries; ; left -= 1) {
      try {
        return await get(url);
      } catch (error) {
        if (left === 0) throw error;
      }
    }
  },
  publish: (step) => publish(step.target),
};

async function misbehave(knobs) {
  if (knobs.slow_ms) await sleep(knobs.slow_ms);
  hash(knobs.slow_kib);
  if (knobs.leak_kib) leaked.push(touch(knobs.leak_kib));
  for (let file = 0; file < knobs.leak_descriptors; file += 1) leaked.push(fs.openSync('/dev/null', 'r'));
  for (let line = 0; line < knobs.log_lines; line += 1) log.warn({ line }, 'cache entry discarded');
  if (Math.random() < knobs.error_share) {
    throw Object.assign(new TypeError("Cannot read properties of undefined (reading 'total')"), { status: 500 });
  }
}

async function run(route) {
  if (['', route.path].includes(profile.knobs.route)) await misbehave(profile.knobs);
  for (const step of route.steps) if (Math.random() < step.share) await kinds[step.kind](step);
}

async function consume() {
  for (;;) {
    try {
      const connection = await amqp.connect(profile.queue, { timeout: 3000 });
      connection.on('error', () => {});
      const lost = new Promise((resolve) => connection.once('close', resolve));
      const own = await connection.createChannel();
      own.on('error', () => {});
      await own.prefetch(AT_ONCE);
      await own.consume(profile.consumes, (message) => message && process_(own, message));
      await lost;
    } catch (error) {
      log.error({ queue: profile.consumes, error: error.message }, 'queue lost');
    }
    await sleep(1000);
  }
}

async function process_(own, message) {
  try {
    JSON.parse(message.content.toString());
    await run(profile.routes[0]);
    own.ack(message);
  } catch (error) {
    log.error({ queue: profile.consumes, error: error.message }, 'message failed');
    await sleep(1000);
    try {
      own.nack(message, false, true);
    } catch {
      // the channel was closed meanwhile: the broker delivers the message again
    }
  }
}

const app = express();
app.get('/health', (_, answer) => answer.send('ok'));
for (const route of profile.routes) {
  app.get(route.path.replace('{id}', ':id'), async (request, answer) => {
    try {
      await run(route);
      answer.json({ service: profile.service, steps: route.steps.length });
    } catch (error) {
      log.error({ path: route.path, error: error.message }, 'request failed');
      const status = error.status ?? (error.code === 'ETIMEDOUT' ? 504 : 502);
      answer.status(status).json({ detail: status === 500 ? 'internal error' : 'dependency failed' });
    }
  });
}

const server = app.listen(Number(process.env.PORT), '127.0.0.1');
server.on('error', (error) => {
  log.error({ error: error.message }, 'cannot listen');
  process.exit(1);
});
if (profile.consumes) consume();
for (const signal of ['SIGTERM', 'SIGINT'])
  process.on(signal, () => {
    server.close();
    server.closeAllConnections();
    setTimeout(() => process.exit(0), 500);
  });
