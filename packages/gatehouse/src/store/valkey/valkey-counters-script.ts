import { defineScript } from "./valkey-connection.ts";

/**
 * Decides all checks of a call in one step. KEYS: one a check. ARGV: the time in microseconds, or an empty text for
 * the server's own; milliseconds keys live longer than they must; then for each check its kind, cost, limit and span,
 * for coarse windows the grain as well, for buckets unit, drain, tick and window.
 *
 * Kinds: `e` a list of times, newest first; `c` packed groups of a coarse window; `b` a hash with level, time of the
 * level, what was given back, and the unit. A key of another kind, left by a rule that has changed, starts anew.
 *
 * Answers: admitted, then for each check wait (-1: for ever), remaining, microseconds until empty, stamp. Calls of the
 * server are what costs time here, so exact windows, the usual kind, make four.
 */
export const TAKE_SCRIPT = defineScript(`
local call, format, ceil = redis.call, string.format, math.ceil
local SMALL_STEP = 1000000

local now = tonumber(ARGV[1])
if not now then
  local time = call('TIME')
  now = time[1] * 1000000 + time[2]
end
local margin = tonumber(ARGV[2])

local function text(number) return format('%.0f', number) end

local function fetch(command, key, ...)
  local answer = redis.pcall(command, key, ...)
  if type(answer) == 'table' and answer.err then
    call('DEL', key)
    return call(command, key, ...)
  end
  return answer
end

local function save(check, value, empty)
  call('SET', check.key, value, 'PX', text(ceil((empty - now) / 1000) + margin))
end

local exact = {}

function exact.shift(key, step)
  local times = call('LRANGE', key, 0, -1)
  call('DEL', key)
  for _, time in ipairs(times) do call('RPUSH', key, text(time - step)) end
end

function exact.wait(check)
  local key, span, cost, limit = check.key, check.span, check.cost, check.limit
  local oldest = tonumber(fetch('LINDEX', key, -1) or nil)
  if oldest and oldest - now > SMALL_STEP then
    exact.shift(key, call('LINDEX', key, 0) - now)
    oldest = tonumber(call('LINDEX', key, -1))
  end
  local gone = now - span
  while oldest and oldest <= gone do
    call('RPOP', key)
    oldest = tonumber(call('LINDEX', key, -1) or nil)
  end
  local count = oldest and call('LLEN', key) or 0
  check.count = count
  local missing = count + cost - limit
  if missing <= 0 then return 0 end
  if cost > limit then return -1 end
  if missing == 1 then return oldest + span - now end
  return call('LINDEX', key, -missing) + span - now
end

function exact.take(check)
  local key = check.key
  local stamp = text(now)
  for _ = 1, check.cost do call('LPUSH', key, stamp) end
  check.count = check.count + check.cost
  call('PEXPIRE', key, ceil(check.span / 1000) + margin)
  return now
end

function exact.remaining(check) return math.max(0, check.limit - check.count) end

function exact.empty(check, taken)
  if taken then return check.span end
  if check.count == 0 then return 0 end
  return call('LINDEX', check.key, 0) + check.span - now
end

local coarse = {}

function coarse.wait(check)
  local packed = fetch('GET', check.key)
  local groups = packed and cmsgpack.unpack(packed) or {}
  local newest = groups[#groups]
  local step = newest and newest[2] - now or 0
  local kept, total = {}, 0
  for _, group in ipairs(groups) do
    if step > SMALL_STEP then
      group[1] = group[1] - step
      group[2] = group[2] - step
    end
    if group[2] > now - check.span then
      kept[#kept + 1] = group
      total = total + group[3]
    end
  end
  check.groups, check.total = kept, total
  if step > SMALL_STEP and #kept > 0 then save(check, cmsgpack.pack(kept), kept[#kept][2] + check.span) end
  local missing = total + check.cost - check.limit
  if missing <= 0 then return 0 end
  if check.cost > check.limit then return -1 end
  for _, group in ipairs(kept) do
    missing = missing - group[3]
    if missing <= 0 then return group[2] + check.span - now end
  end
  return -1
end

function coarse.take(check)
  local groups = check.groups
  local newest = groups[#groups]
  check.total = check.total + check.cost
  if newest and now < newest[1] + check.grain then
    newest[2] = math.max(newest[2], now)
    newest[3] = newest[3] + check.cost
  else
    newest = { now, now, check.cost }
    groups[#groups + 1] = newest
  end
  save(check, cmsgpack.pack(groups), newest[2] + check.span)
  return newest[1]
end

function coarse.remaining(check) return math.max(0, check.limit - check.total) end

function coarse.empty(check)
  local newest = check.groups[#check.groups]
  if not newest then return 0 end
  return newest[2] + check.span - now
end

local bucket = {}

function bucket.wait(check)
  local found = fetch('HMGET', check.key, 'level', 'at', 'returned', 'unit')
  local level, at, unit = tonumber(found[1] or 0), tonumber(found[2] or 0), tonumber(found[4] or check.unit)
  local stepped = at - now > SMALL_STEP
  if stepped then at = now end
  if unit ~= check.unit then level = math.ceil(level / unit * check.unit) end
  local ticks = math.floor((now - at) / check.tick)
  if ticks > 0 then
    level = math.max(0, level - ticks * check.drain)
    at = at + ticks * check.tick
  end
  check.level, check.at, check.returned = level, at, tonumber(found[3] or 0)
  -- The span of a bucket is its burst.
  check.capacity = check.span * check.unit
  if stepped then bucket.save(check) end
  if check.cost > check.span or check.limit == 0 then return -1 end
  local excess = level + check.cost * check.unit - check.capacity
  if excess <= 0 then return 0 end
  return at + math.ceil(excess / check.drain) * check.tick - now
end

function bucket.save(check)
  redis.call('HSET', check.key, 'level', text(check.level), 'at', text(check.at),
    'returned', text(check.returned), 'unit', text(check.unit))
  redis.call('PEXPIRE', check.key, text(math.ceil(bucket.empty(check) / 1000) + margin))
end

function bucket.take(check)
  check.level = check.level + check.cost * check.unit
  bucket.save(check)
  return table.concat({ text(check.level), text(check.at), text(check.returned), text(check.unit) }, ' ')
end

function bucket.remaining(check)
  if check.limit == 0 then return 0 end
  return math.max(0, math.floor((check.capacity - check.level) / check.unit))
end

function bucket.empty(check)
  if check.level == 0 then return 0 end
  if check.drain == 0 then return check.at + check.window - now end
  return check.at + math.ceil(check.level / check.drain) * check.tick - now
end

local kinds = { e = exact, c = coarse, b = bucket }
local checks, waits, admitted, at = {}, {}, true, 2
for index, key in ipairs(KEYS) do
  local kind = ARGV[at + 1]
  local check = {
    key = key, kind = kinds[kind],
    cost = tonumber(ARGV[at + 2]), limit = tonumber(ARGV[at + 3]), span = tonumber(ARGV[at + 4])
  }
  at = at + 4
  if kind == 'c' then
    check.grain = tonumber(ARGV[at + 1])
    at = at + 1
  elseif kind == 'b' then
    check.unit, check.drain = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    check.tick, check.window = tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4])
    at = at + 4
  end
  local wait = check.kind.wait(check)
  checks[index], waits[index] = check, wait
  if wait ~= 0 then admitted = false end
end
local answer, size = { admitted and 1 or 0 }, 1
for index, check in ipairs(checks) do
  local kind = check.kind
  local stamp = ''
  if admitted then stamp = kind.take(check) end
  answer[size + 1] = waits[index]
  answer[size + 2] = kind.remaining(check)
  answer[size + 3] = kind.empty(check, admitted)
  answer[size + 4] = stamp
  size = size + 4
end
return answer
`);

/**
 * Gives back what was taken. KEYS: one a check. ARGV: the time or an empty text, then six values a check: kind, cost,
 * stamp, unit, drain, tick.
 */
export const GIVE_BACK_SCRIPT = defineScript(`
local function text(number) return string.format('%.0f', number) end

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local FIELDS = 6
local give = {}

function give.e(key, cost, stamp) redis.pcall('LREM', key, cost, stamp) end

function give.c(key, cost, stamp)
  local packed = redis.pcall('GET', key)
  if type(packed) ~= 'string' then return end
  local groups = cmsgpack.unpack(packed)
  for index = #groups, 1, -1 do
    local group = groups[index]
    if text(group[1]) == stamp then
      group[3] = group[3] - math.min(cost, group[3])
      if group[3] == 0 then table.remove(groups, index) end
      if #groups == 0 then
        redis.call('DEL', key)
      else
        redis.call('SET', key, cmsgpack.pack(groups), 'KEEPTTL')
      end
      return
    end
  end
end

function give.b(key, cost, stamp, unit, drain, tick)
  local found = redis.pcall('HMGET', key, 'level', 'at', 'returned', 'unit')
  if found.err or not found[1] or tonumber(found[4]) ~= unit then return end
  local level, at, returned = tonumber(found[1]), tonumber(found[2]), tonumber(found[3])
  local takenLevel, takenAt, takenReturned, takenUnit = stamp:match('(%d+) (%d+) (%d+) (%d+)')
  if tonumber(takenUnit) ~= unit then return end
  local ticks = math.floor((now - at) / tick)
  if ticks > 0 then
    level = math.max(0, level - ticks * drain)
    at = at + ticks * tick
  end
  local flowed = (at - tonumber(takenAt)) / tick * drain
  local left = tonumber(takenLevel) - flowed - (returned - tonumber(takenReturned))
  local given = math.min(cost * unit, left, level)
  if given <= 0 then return end
  redis.call('HSET', key, 'level', text(level - given), 'at', text(at), 'returned', text(returned + given))
end

for index, key in ipairs(KEYS) do
  local at = 1 + (index - 1) * FIELDS
  give[ARGV[at + 1]](key, tonumber(ARGV[at + 2]), ARGV[at + 3], tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5]),
    tonumber(ARGV[at + 6]))
end
return 1
`);
