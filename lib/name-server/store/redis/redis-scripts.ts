import { createHash } from 'node:crypto';
import { MAX_STEP_MS } from '../lease-clock.js';
import { replyCode } from './redis-connection.js';

/**
 * The scripts that change names in Redis. Redis runs a script atomically.
 *
 * Keys, after a common prefix:
 *
 * - `state`, a hash: `id`, a random text for the name space; `seq`, the number of the last change; `order`, the number of the newest name;
 *   `clock` and `time`, of the leases; `count` and `leased`, the sizes of the two other keys
 * - `names`, a hash: the record of each name as JSON, `{"uri":…,"order":…,"seq":…,"lease":{"owner":…,"ttlMs":…},"metadata":[…]}`; `seq` is
 *   the number of the change that set the record
 * - `leases`, a sorted set: names by the ends of their leases
 *
 * Each change is published as `{"seq":…,"changes":[[name, record or null], …]}` in the channel `changes:ID`.
 *
 * Redis may lose one key and keep the others: it evicts keys, or somebody deletes them. So each script compares the sizes of the keys with
 * `count` and `leased`, and changes nothing when they differ. `redis-mend.ts` mends the keys.
 *
 * Leases end by a special clock, in milliseconds. The clock follows Redis' clock while somebody calls {@link REDIS_SCRIPTS.tick}, and stops
 * otherwise. So no lease ends because Redis was away and nobody could renew the lease, or because a clock was set.
 */
const COMMON = `
local state, names, leases = KEYS[1], KEYS[2], KEYS[3]
local id, channel = ARGV[1], ARGV[2]

local stored = redis.call('HMGET', state, 'id', 'clock', 'time', 'seq', 'count', 'leased')
if stored[1] ~= id then return redis.error_reply('RESET the names were deleted, or Redis has lost them') end
if redis.call('HLEN', names) ~= tonumber(stored[5] or '0') or redis.call('ZCARD', leases) ~= tonumber(stored[6] or '0') then
  return redis.error_reply('LOST a part of the names was deleted, or Redis has evicted it; try again')
end

local MAX_STEP_MS = ${MAX_STEP_MS}
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local step = math.max(0, math.min(now - tonumber(stored[3] or now), MAX_STEP_MS))
local clock = tonumber(stored[2] or '0') + step

local seq = tonumber(stored[4] or '0')
local changes = {}
-- how many names and leases there are more, or less
local moreNames, moreLeases = 0, 0
local function whole(number) return string.format('%.0f', number) end

local function set(name, uri, order, lease, tags)
  local text = '{"uri":' .. cjson.encode(uri) .. ',"order":' .. whole(order) .. ',"seq":' .. whole(seq + 1)
  if lease then
    text = text .. ',"lease":{"owner":' .. cjson.encode(lease.owner) .. ',"ttlMs":' .. whole(lease.ttlMs) .. '}'
  end
  if tags ~= '' then text = text .. ',"metadata":' .. tags end
  text = text .. '}'
  moreNames = moreNames + redis.call('HSET', names, name, text)
  changes[#changes + 1] = '[' .. cjson.encode(name) .. ',' .. text .. ']'
end

local function beginLease(name, ttlMs) moreLeases = moreLeases + redis.call('ZADD', leases, whole(clock + ttlMs), name) end
local function endLease(name) moreLeases = moreLeases - redis.call('ZREM', leases, name) end

local function delete(name)
  moreNames = moreNames - redis.call('HDEL', names, name)
  endLease(name)
  changes[#changes + 1] = '[' .. cjson.encode(name) .. ',null]'
end

-- the record of a name and its JSON text; a name whose lease has ended is deleted first
local function get(name)
  local text = redis.call('HGET', names, name)
  if not text then return nil end
  local record = cjson.decode(text)
  if record.lease and tonumber(redis.call('ZSCORE', leases, name) or 0) <= clock then
    delete(name)
    return nil
  end
  return record, text
end

-- the reply of a script: the number of the last change, and the result
local function done(result)
  if moreNames ~= 0 then redis.call('HINCRBY', state, 'count', moreNames) end
  if moreLeases ~= 0 then redis.call('HINCRBY', state, 'leased', moreLeases) end
  if #changes == 0 then return { seq, result } end
  seq = redis.call('HINCRBY', state, 'seq', 1)
  redis.call('PUBLISH', channel, '{"seq":' .. whole(seq) .. ',"changes":[' .. table.concat(changes, ',') .. ']}')
  return { seq, result }
end
`;

/** Arguments: name, uri, tags as JSON or '', owner, milliseconds or '' for no lease, '1' for safe, '1' for takeover. Returns the record in the way. */
const PUT = `
local function hasSameTags(list, text)
  local known, count = {}, 0
  for _, tag in ipairs(list or {}) do
    known[tag] = true
    count = count + 1
  end
  for _, tag in ipairs(text ~= '' and cjson.decode(text) or {}) do
    if not known[tag] then return false end
    count = count - 1
  end
  return count == 0
end

local name, uri, tags, owner, ttl, safe, takeover = unpack(ARGV, 3)
local current, text = get(name)
-- the rule decidePut of name-store.ts
local isOwner = current and current.lease and ttl ~= '' and current.lease.owner == owner
if current and not isOwner then
  local isHeld = current.lease and takeover ~= '1'
  if safe == '1' or (isHeld and current.uri ~= uri) then return done(text) end
  if isHeld and ttl == '' then
    if hasSameTags(current.metadata, tags) then return done(false) end
    return done(text)
  end
  if isHeld and tonumber(redis.call('ZSCORE', leases, name)) - clock > current.lease.ttlMs / 2 then return done(text) end
end
local lease = nil
if ttl ~= '' then lease = { owner = owner, ttlMs = tonumber(ttl) } end
set(name, uri, current and current.order or redis.call('HINCRBY', state, 'order', 1), lease, tags)
if lease then beginLease(name, lease.ttlMs) else endLease(name) end
return done(false)
`;

/** Arguments: name, tags as JSON or '', '1' for takeover. Returns a NameSetMetadataAnswer. */
const SET_METADATA = `
local name, tags, takeover = unpack(ARGV, 3)
local current = get(name)
if not current then return done('unknown') end
-- the rule areTagsFree of name-store.ts
if current.lease and takeover ~= '1' then return done('held') end
set(name, current.uri, current.order, current.lease, tags)
return done('done')
`;

/** Arguments: '1' when there is an owner, owner, '1' for takeover, names. Returns the number of removed names. */
const REMOVE = `
local removed = 0
for index = 6, #ARGV do
  local current = get(ARGV[index])
  -- the rule isRemovable of name-store.ts
  if current and (not current.lease or ARGV[5] == '1' or (ARGV[3] == '1' and current.lease.owner == ARGV[4])) then
    delete(ARGV[index])
    removed = removed + 1
  end
end
return done(removed)
`;

/** Arguments: name, number of the change that set its record. Returns 1 when this record was removed. */
const REMOVE_UNCHANGED = `
local name, seqThen = unpack(ARGV, 3)
local current = get(name)
if not current or current.seq ~= tonumber(seqThen) then return done(0) end
delete(name)
return done(1)
`;

/** Arguments: owner, names. Returns the names that the owner holds no lease of. */
const RENEW = `
local lost = {}
for index = 4, #ARGV do
  local name = ARGV[index]
  local current = get(name)
  if current and current.lease and current.lease.owner == ARGV[3] then
    beginLease(name, current.lease.ttlMs)
  else
    lost[#lost + 1] = name
  end
end
return done(lost)
`;

/**
 * Advances the clock of the leases, and removes names whose leases have ended. One call removes as many names as Redis can remove in a few
 * milliseconds.
 */
const TICK = `
redis.call('HSET', state, 'clock', whole(clock), 'time', whole(now))
for _, name in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', whole(clock), 'LIMIT', 0, 1000)) do delete(name) end
return done(#changes)
`;

/** A script and the name that Redis knows it by. */
export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

export function redisScript(text: string): RedisScript {
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}

/** The scripts that change names. */
export const REDIS_SCRIPTS = {
  put: redisScript(COMMON + PUT),
  setMetadata: redisScript(COMMON + SET_METADATA),
  remove: redisScript(COMMON + REMOVE),
  removeUnchanged: redisScript(COMMON + REMOVE_UNCHANGED),
  renew: redisScript(COMMON + RENEW),
  tick: redisScript(COMMON + TICK),
} as const;

/** Sends a command to Redis. */
export type SendCommand = (...args: string[]) => Promise<unknown>;

/** Runs a script, whose text Redis may know already. @param args keys, then arguments */
export function runScript(
  send: SendCommand,
  { sha, text }: RedisScript,
  keyCount: number,
  args: readonly string[],
): Promise<unknown> {
  const rest = [String(keyCount), ...args];
  return send('EVALSHA', sha, ...rest).catch((error: unknown) => {
    if (replyCode(error) === 'NOSCRIPT') return send('EVAL', text, ...rest);
    throw error;
  });
}

/** True for the error of a script that has changed nothing, because keys were deleted or evicted. */
export function hasFoundLoss(error: unknown): boolean {
  return ['RESET', 'LOST'].includes(replyCode(error) ?? '');
}
