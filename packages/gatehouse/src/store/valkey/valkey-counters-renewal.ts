import { defineScript } from "./valkey-connection.ts";

/**
 * Takes slots again as of now, whatever the limit, and gives back what was held of them. KEYS: one a check. ARGV: the time
 * or an empty text, milliseconds keys live longer than they must, then five values a check: kind, cost, stamp, span,
 * grain. Answers a stamp a check.
 */
export const RENEW_SCRIPT = defineScript(`
local function text(number) return string.format('%.0f', number) end

local now = tonumber(ARGV[1])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000000 + tonumber(time[2])
end
local margin = tonumber(ARGV[2])
local FIELDS = 5
local renew = {}

local function lifetime(newest, span) return text(math.ceil((newest + span - now) / 1000) + margin) end

function renew.e(key, cost, stamp, span)
  if type(redis.pcall('LREM', key, cost, stamp)) == 'table' then redis.call('DEL', key) end
  local newest = math.max(now, tonumber(redis.call('LINDEX', key, 0) or now))
  for _ = 1, cost do redis.call('LPUSH', key, text(newest)) end
  redis.call('PEXPIRE', key, lifetime(newest, span))
  return text(newest)
end

function renew.c(key, cost, stamp, span, grain)
  local packed = redis.pcall('GET', key)
  local groups = type(packed) == 'string' and cmsgpack.unpack(packed) or {}
  for index = #groups, 1, -1 do
    local group = groups[index]
    if text(group[1]) == stamp then
      group[3] = group[3] - math.min(cost, group[3])
      if group[3] == 0 then table.remove(groups, index) end
      break
    end
  end
  local newest = groups[#groups]
  if newest and now < newest[1] + grain then
    newest[2] = math.max(newest[2], now)
    newest[3] = newest[3] + cost
  else
    newest = { now, now, cost }
    groups[#groups + 1] = newest
  end
  redis.call('SET', key, cmsgpack.pack(groups), 'PX', lifetime(newest[2], span))
  return text(newest[1])
end

local stamps = {}
for index, key in ipairs(KEYS) do
  local at = 2 + (index - 1) * FIELDS
  stamps[index] = renew[ARGV[at + 1]](key, tonumber(ARGV[at + 2]), ARGV[at + 3], tonumber(ARGV[at + 4]),
    tonumber(ARGV[at + 5]))
end
return stamps
`);
