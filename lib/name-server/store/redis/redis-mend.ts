import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StoredRecord } from './redis-record.js';
import { redisScript, runScript, type SendCommand } from './redis-scripts.js';

/** The names as a name server has seen them last. */
export interface NamesToMend {
  readonly id: string;
  /** Number of the last change. */
  readonly seq: number;
  readonly records: () => Iterable<readonly [name: string, record: StoredRecord]>;
}

/**
 * The result of a look at the keys in Redis: `whole`, nothing was missing; `kept`, only leases were missing; `restored`, missing names were
 * written again; `lost`, names are gone that no name server knew.
 */
export type MendOutcome = 'whole' | 'kept' | 'restored' | 'lost';

/** Longest wait for an answer while keys are mended: Redis reads all names for that, and answers nobody meanwhile. */
export const MEND_TIMEOUT_MS = 30_000;
/** The time that other name servers have to write missing names, before these names count as lost. */
const OTHERS_WAIT_MS = 5_000;
const LOOK_AGAIN_MS = 250;
/** Names of a copy that one command writes. */
const NAMES_PER_COMMAND = 200;
/** A copy that is not used goes away after this time. */
const COPY_SECONDS = '60';

/**
 * Mends the keys when their sizes are not those that the state has.
 *
 * Keys: state, names, leases, and a copy of the names, which another program may have written. Arguments: a new id, for the case that names
 * are lost; id and number of the last change of the copy; '1' when names may be lost. Returns the outcome, the id, and the number of the
 * last change:
 *
 * - `whole`: nothing was to be mended
 * - `torn`: names are missing, the copy is not the last state of the names, and they may not be lost
 * - `restored`: the copy has become the names
 * - `kept`: no name was missing, but leases or the state were
 * - `lost`: the names that are left are the names now
 *
 * All leases begin anew, unless nothing was to be mended.
 */
const MEND = redisScript(`
local state, names, leases, copy = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local newId, copyId, copySeq, mayLose = unpack(ARGV)
redis.call('HSETNX', state, 'id', newId)
local id, seq, clock, count, leased = unpack(redis.call('HMGET', state, 'id', 'seq', 'clock', 'count', 'leased'))
local function answer(outcome) return { outcome, id, tonumber(seq or '0') } end

local found = redis.call('HLEN', names)
local isWhole = found == tonumber(count or '0')
if isWhole and redis.call('ZCARD', leases) == tonumber(leased or '0') then return answer('whole') end
-- without a count the state is new: the names are older, and all of them count
local outcome = not count and found == 0 and 'lost' or 'kept'
if count and not isWhole then
  if id == copyId and (seq or '0') == copySeq and redis.call('HLEN', copy) == tonumber(count) then
    redis.call('PERSIST', copy)
    redis.call('RENAME', copy, names)
    outcome = 'restored'
  elseif mayLose == '1' then
    id = newId
    redis.call('HSET', state, 'id', id)
    outcome = 'lost'
  else
    return answer('torn')
  end
end

redis.call('DEL', leases)
local function whole(number) return string.format('%.0f', number) end
local order, cursor = 0, '0'
seq = tonumber(seq or '0')
repeat
  local page = redis.call('HSCAN', names, cursor, 'COUNT', 1000)
  cursor = page[1]
  local ends = {}
  for index = 1, #page[2], 2 do
    local record = cjson.decode(page[2][index + 1])
    order = math.max(order, record.order)
    seq = math.max(seq, record.seq or 0)
    if record.lease then
      ends[#ends + 1] = whole(tonumber(clock or '0') + record.lease.ttlMs)
      ends[#ends + 1] = page[2][index]
    end
  end
  if #ends > 0 then redis.call('ZADD', leases, unpack(ends)) end
until cursor == '0'
redis.call('HSET', state, 'count', redis.call('HLEN', names), 'leased', redis.call('ZCARD', leases), 'seq', whole(seq), 'order', whole(order))
return answer(outcome)
`);

/**
 * Finds the name space in Redis, or begins it, and mends it when Redis has lost a part of it.
 *
 * @param keys state, names and leases
 * @param known the names to write again, if they are the last state
 */
export async function mendNames(
  send: SendCommand,
  keys: readonly string[],
  known: NamesToMend | undefined,
): Promise<{ outcome: MendOutcome; id: string }> {
  const copy = `${keys[1]}:copy:${randomUUID()}`;
  const copyOf = known ? [known.id, String(known.seq)] : ['', ''];
  const mend = async (mayLose: boolean): Promise<{ outcome: MendOutcome | 'torn'; id: string; seq: number }> => {
    const args = [...keys, copy, randomUUID(), ...copyOf, mayLose ? '1' : ''];
    const [outcome, id, seq] = (await runScript(send, MEND, 4, args)) as [MendOutcome | 'torn', string, number];
    return { outcome, id, seq };
  };
  let found = await mend(false);
  for (const until = performance.now() + OTHERS_WAIT_MS; found.outcome === 'torn';) {
    if (known?.id === found.id && known.seq === found.seq) await writeCopy(send, copy, known);
    else await sleep(LOOK_AGAIN_MS, undefined, { ref: false });
    found = await mend(performance.now() >= until);
  }
  return { outcome: found.outcome, id: found.id };
}

async function writeCopy(send: SendCommand, copy: string, { records }: NamesToMend): Promise<void> {
  let fields: string[] = [];
  const write = async (): Promise<void> => {
    if (fields.length === 0) return;
    await send('HSET', copy, ...fields);
    await send('EXPIRE', copy, COPY_SECONDS);
    fields = [];
  };
  for (const [name, record] of records()) {
    fields.push(name, JSON.stringify(record));
    if (fields.length >= 2 * NAMES_PER_COMMAND) await write();
  }
  await write();
}
