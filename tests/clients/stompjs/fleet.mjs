// What a fleet is started with: where the real parts are, and in them a topic, tables, a database and keys of its
// own, all with one name. It knows nothing of processes. What is kept under that name goes with the parts' data.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { Program, pick } from './program.mjs';

const ADDRESSES = ['KAFKA_BROKERS', 'MONGO_URI', 'DYNAMODB_ENDPOINT', 'REDIS_URL'];
// One broker on one's own machine; more where the environment says so.
const COPIES = { ROOMTONE_KAFKA_REPLICATION: '1', ROOMTONE_KAFKA_MIN_INSYNC: '1' };
const PARTITIONS = '4';
/** How many nodes a fleet has. */
const NODES = 3;

/** The environment of a fleet nobody has used before. */
export function newFleet() {
  const missing = ADDRESSES.filter((name) => !process.env[name]);
  if (missing.length > 0) throw new Error(`${missing.join(', ')} must be set; localstack/up says to what`);
  const name = `clients-${randomBytes(8).toString('hex')}`;
  return {
    ...COPIES,
    ...pick(process.env, [...ADDRESSES, ...Object.keys(COPIES)]),
    MONGO_URI: withDatabase(process.env.MONGO_URI, name),
    ROOMTONE_KAFKA_TOPIC: name,
    ROOMTONE_KAFKA_PARTITIONS: PARTITIONS,
    ROOMTONE_SEARCH_TOPIC: `${name}-search`,
    DYNAMODB_TABLE_PREFIX: `${name}-`,
    ROOMTONE_REDIS_PREFIX: `${name}:`,
    // On a busy machine it is late, and not away.
    ROOMTONE_REDIS_TIMEOUT_MS: '2500',
    AUTH_HS256_SECRET: randomBytes(32).toString('hex'),
  };
}

/**
 * The nodes of a fleet, the first of them one that answers HTTP too, unless functions do that: `folder` is for what
 * that one keeps.
 */
export function fleetNodes(environment, folder, withFunctions) {
  const node = (n) => new Program(`node ${n}`, (port) => ({
    binary: binary('socket-node'),
    environment: { ...environment, ROOMTONE_PORT: String(port), ROOMTONE_ADMIN_PORT: '0' },
    folder,
  }));
  const whole = (n) => new Program(`node ${n}, roomtone`, (port) => ({
    binary: binary('roomtone'), args: ['--port', String(port), '--data', folder], environment, folder,
  }));
  return Array.from({ length: NODES }, (_, n) => (n === 0 && !withFunctions ? whole(n) : node(n)));
}

function binary(name) {
  const folder = process.env.ROOMTONE_BIN_DIR;
  if (!folder) throw new Error('ROOMTONE_BIN_DIR must name the folder of the built binaries; tests/run sets it');
  return join(folder, name);
}

/** A MongoDB address with another database. It may name several hosts, which no URL may. */
function withDatabase(address, database) {
  const parts = /^(mongodb(?:\+srv)?:\/\/[^/?]+)(?:\/[^?]*)?(\?.*)?$/.exec(address);
  if (!parts) throw new Error('MONGO_URI must begin with mongodb:// and a host');
  return `${parts[1]}/${database}${parts[2] ?? ''}`;
}
