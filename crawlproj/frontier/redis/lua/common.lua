-- The beginning of every script. All keys of a job begin with KEYS[1] = "crawlproj:{job}:", which
-- keeps them in one slot of a cluster; the keys of a generation continue with its number <g>.
--
--   job            HASH  generation, finished, lease: the longest lease that a worker asked for
--   budget         HASH  site -> checks of its pages that are left, and when that was
--   old            SET   generations to delete
--   commands       STREAM  the log of commands: id N-0 -> its fields
--   waiting        SET   ids of commands that change entries and are not applied
--   urls           HASH  id -> how many URLs a command has changed so far
--   taken:ID       the worker that applies a command     ack:ID  HASH  worker -> its result
--   preview:TOKEN  the keys of a preview, 8 bytes each
--   live           ZSET  worker -> when it last published; live:WORKER  its document
--   ticks:WORKER   LIST  of its last ticks, newest first
--   <g>:count      HASH  pending, leased, done, f:REASON, s:REASON; seen, level, split (of the seen set)
--   <g>:seen:N     SET   of 64-bit keys, an intset: the buckets of a linear hash
--   <g>:sites      SET   sites that ever had an entry
--   <g>:q:P:SITE   LIST  of rows (frontier/redis/rows.py) that can be claimed, oldest first
--   <g>:p:SITE     ZSET  the priorities P that have such rows
--   <g>:delayed    ZSET  key -> earliest time to claim it  <g>:ddata  HASH  key -> packed
--   <g>:lease      ZSET  lease id -> deadline              <g>:ldata  HASH  id -> packed
--   <g>:failed     HASH  key (8 bytes) -> REASON NUL packed, of entries that failed
--   <g>:ends       HASH  STATE:REASON NUL SITE -> how many entries ended so
--   <g>:owners     ZSET  worker -> until when it counts as alive
--   <g>:own        HASH  site -> the worker that owns it
--   <g>:rest       HASH  site -> earliest time for its next request; "?": unknown, its worker ended
--   <g>:ready      ZSET  sites with entries and without an owner -> since when they wait for a turn
--   <g>:r:OWNER    ZSET  the same for a worker's sites
--   <g>:o:OWNER    SET   a worker's sites
--   <g>:n:OWNER    HASH  site -> leases the worker holds of it, even if it has ceded the site
--   <g>:got:OWNER  LIST  site, rest: sites it took over, until it is known to have heard of them
--   <g>:last       HASH  worker -> its last claim: number of the first lease, number of leases,
--                        how many values of <g>:got it reported
--   <g>:marks:PERIOD  HASH  checks that were put lately -> the worker; it expires
--   <g>:hungry     ZSET  workers that found nothing to claim -> until when they count as hungry
--
-- packed: SITE NUL PRIORITY NUL row. Times are microseconds of the server's clock. Integers that
-- need more than 53 bits (keys, lease ids) are strings throughout.

local J, generation = KEYS[1], ARGV[1]
local G = J .. generation .. ':'
local call = redis.call

local function time_us(given)
  if given ~= '' then return tonumber(given) end
  local t = call('TIME')
  return t[1] * 1000000 + t[2]
end
local now = time_us(ARGV[2])
local owner = ARGV[3]
local SLACK = 1000  -- turns this close count as simultaneous

-- Lua can only unpack a few thousand values at once.
local function in_chunks(values, size, f)
  for i = 1, #values, size do
    f(unpack(values, i, math.min(i + size - 1, #values)))
  end
end

local GONE  -- the error, once gone() has found that the generation is no longer worked on
local function gone()
  local current = call('HGET', J .. 'job', 'generation')
  if current == generation then return false end
  local why = ' was reset by another process: start this worker again to join the current generation'
  if tonumber(current or 0) < tonumber(generation) then
    why = ' is forgotten: the server restarted without its latest data, or keys were deleted. '
      .. 'Start this worker again to begin anew, and let the server keep its data (appendonly yes, '
      .. 'maxmemory-policy noeviction)'
  end
  GONE = redis.error_reply('GONE generation ' .. generation .. why)
  return true
end

local function packed(site, priority, row) return site .. '\0' .. priority .. '\0' .. row end
local function parts(pack)
  local a = string.find(pack, '\0', 1, true)
  local b = string.find(pack, '\0', a + 1, true)
  return string.sub(pack, 1, a - 1), string.sub(pack, a + 1, b - 1), string.sub(pack, b + 1)
end

-- The second byte of a row counts its attempts.
local function with_attempts(row, attempts)
  return string.sub(row, 1, 1) .. string.char(math.min(255, attempts)) .. string.sub(row, 3)
end

local function rest_of(site)
  local rest = call('HGET', G .. 'rest', site)
  if not rest or rest == '?' then return now end
  return math.max(now, tonumber(rest))
end

-- Give a turn to a site that has entries to claim.
local function wake(site)
  local name = call('HGET', G .. 'own', site)
  call('ZADD', name and G .. 'r:' .. name or G .. 'ready', 'NX', rest_of(site), site)
end

-- Add rows to the queue of a site and priority: at its end, or at its front if ``front``.
local function push(site, priority, rows, front)
  local queue = G .. 'q:' .. priority .. ':' .. site
  in_chunks(rows, 4000, function(...) call(front and 'LPUSH' or 'RPUSH', queue, ...) end)
  call('ZADD', G .. 'p:' .. site, priority, priority)
end

local function delay(site, priority, key, row, at)
  call('ZADD', G .. 'delayed', at, key)
  call('HSET', G .. 'ddata', key, packed(site, priority, row))
end

-- End a lease; returns the leased site, priority and row, or nil if the lease does not exist.
local function drop_lease(id)
  local pack = call('HGET', G .. 'ldata', id)
  call('ZREM', G .. 'lease', id)
  if not pack then return nil end
  call('HDEL', G .. 'ldata', id)
  local site, priority, row = parts(pack)
  local holder = string.match(id, '^%d+')
  if call('HINCRBY', G .. 'n:' .. holder, site, -1) <= 0 then
    call('HDEL', G .. 'n:' .. holder, site)
  end
  return site, priority, row
end

-- Put leased entries back at the front of their queues, in the order of ``ids``.
local function put_back(ids, counted)
  local back = 0
  for i = #ids, 1, -1 do
    local site, priority, row = drop_lease(ids[i])
    if site then
      if counted then row = with_attempts(row, string.byte(row, 2) + 1) end
      push(site, priority, {row}, true)
      wake(site)
      back = back + 1
    end
  end
  if back > 0 then
    call('HINCRBY', G .. 'count', 'leased', -back)
    call('HINCRBY', G .. 'count', 'pending', back)
  end
  return back
end

-- Take a site away from its worker. ``rest``: earliest time for its next request, '?' if unknown.
local function leave(site, name, rest)
  if rest_of(site) <= now then call('HSET', G .. 'rest', site, rest) end
  call('HDEL', G .. 'own', site)
  call('SREM', G .. 'o:' .. name, site)
  call('ZREM', G .. 'r:' .. name, site)
  if call('EXISTS', G .. 'p:' .. site) == 1 then wake(site) end
end

-- Give a site without an owner to a worker.
local function give(site, name)
  call('HSET', G .. 'own', site, name)
  call('SADD', G .. 'o:' .. name, site)
  local turn = call('ZSCORE', G .. 'ready', site)
  call('ZREM', G .. 'ready', site)
  if turn then call('ZADD', G .. 'r:' .. name, turn, site) end
end

-- Let a worker of a generation live for the time of a lease. Returns when it ends.
local function live(prefix, lease_us)
  if lease_us > tonumber(call('HGET', J .. 'job', 'lease') or 0) then
    call('HSET', J .. 'job', 'lease', string.format('%.0f', lease_us))
  end
  call('ZADD', prefix .. 'owners', now + lease_us, owner)
  return now + lease_us
end

local function leases_of(name)
  local ids = {}
  local prefix = name .. ':'
  for _, id in ipairs(call('ZRANGE', G .. 'lease', 0, -1)) do
    if string.sub(id, 1, #prefix) == prefix then ids[#ids + 1] = id end
  end
  return ids
end

-- Remove a worker that is gone, and free its sites. The caller puts its leases back.
local function forget_owner(name)
  for _, site in ipairs(call('SMEMBERS', G .. 'o:' .. name)) do leave(site, name, '?') end
  call('DEL', G .. 'o:' .. name, G .. 'r:' .. name, G .. 'n:' .. name, G .. 'got:' .. name)
  call('HDEL', G .. 'last', name)
  call('ZREM', G .. 'owners', name)
  call('ZREM', G .. 'hungry', name)
end

-- Move entries that are due to the front of their queues.
local function wake_delayed()
  local due = call('ZRANGEBYSCORE', G .. 'delayed', '-inf', now, 'LIMIT', 0, 1000)
  for i = #due, 1, -1 do
    local pack = call('HGET', G .. 'ddata', due[i])
    call('HDEL', G .. 'ddata', due[i])
    call('ZREM', G .. 'delayed', due[i])
    if pack then
      local site, priority, row = parts(pack)
      push(site, priority, {row}, true)
      wake(site)
    end
  end
end

local function ended(site, state, reason, number)
  local name = state == '2' and 'done' or (state == '3' and 'f:' or 's:') .. reason
  call('HINCRBY', G .. 'count', name, number)
  call('HINCRBY', G .. 'ends', state .. ':' .. reason .. '\0' .. site, number)
end

-- The number of a worker's sites with entries or leases, without those that it ceded.
local function sites_of(name)
  local active = math.max(call('ZCARD', G .. 'r:' .. name), call('HLEN', G .. 'n:' .. name))
  return math.min(active, call('SCARD', G .. 'o:' .. name))
end

-- How many sites the worker has above its share while other workers find nothing to do.
local function surplus()
  local hungry = call('ZCOUNT', G .. 'hungry', now, '+inf')
  if call('ZSCORE', G .. 'hungry', owner) then hungry = hungry - 1 end
  if hungry <= 0 or owner == '' then return 0 end
  local names = call('ZRANGE', G .. 'owners', 0, -1)
  local all = 0
  for _, name in ipairs(names) do all = all + sites_of(name) end
  return math.max(0, sites_of(owner) - math.ceil(all / #names))
end

-- The state of the job and the worker (Standing in answers.py). Every answer contains it, which
-- saves workers from asking.
local function state()
  local next_ready = call('ZRANGEBYSCORE', G .. 'delayed', '(' .. string.format('%.0f', now), '+inf',
    'WITHSCORES', 'LIMIT', 0, 1)[2] or ''
  local waiting = call('ZCOUNT', G .. 'r:' .. owner, '-inf', now + SLACK)
    + call('ZCOUNT', G .. 'ready', '-inf', now + SLACK)
  return {
    string.format('%.0f', now), call('HGETALL', G .. 'count'), next_ready, waiting,
    surplus(),
  }
end
