-- Lease entries: first of the worker's own sites, then of sites without an owner, which become the
-- worker's.
-- ARGV: generation, now, owner, lease_us, number of the first lease, limit, per site,
--   heard: the worker received the answers to its claims with lower numbers, and to no others,
--   then pairs: site, end of its rest (0: it rests no longer)
-- Returns a list of site, count, then count times: priority, row (numbered in this order);
--   a list of sites taken over from other workers, each with the earliest time for its next request
--   ('?': unknown, because that worker ended); state().
if gone() then return GONE end
local HUNGRY_US = 1000000
local lease_us, number = tonumber(ARGV[4]), tonumber(ARGV[5])
local limit, per_site = tonumber(ARGV[6]), tonumber(ARGV[7])
local mine, got = G .. 'r:' .. owner, G .. 'got:' .. owner
local function id_of(nth) return owner .. ':' .. string.format('%.0f', nth % 4294967296) end

-- Each try has a higher number than the one before. If the answer to the last one was lost, the
-- worker does not know its leases, nor the sites that it reported.
local last = call('HGET', G .. 'last', owner)
if last then
  local first, leased, reported = string.match(last, '(%d+) (%d+) (%d+)')
  first = tonumber(first)
  if number < first then return {{}, {}, state()} end  -- late: the worker has tried again since
  if first < tonumber(ARGV[8]) then
    call('LTRIM', got, reported, -1)
  else
    local unheard = {}
    for nth = first, first + leased - 1 do unheard[#unheard + 1] = id_of(nth) end
    put_back(unheard, false)
  end
end

local until_us = live(G, lease_us)
for i = 9, #ARGV, 2 do
  if ARGV[i + 1] == '0' then
    call('HDEL', G .. 'rest', ARGV[i])
  else
    call('HSET', G .. 'rest', ARGV[i], ARGV[i + 1])
  end
  call('ZADD', mine, 'XX', ARGV[i + 1], ARGV[i])
  call('ZADD', G .. 'ready', 'XX', ARGV[i + 1], ARGV[i])
end
wake_delayed()

local sites = call('ZRANGEBYSCORE', mine, '-inf', now + SLACK, 'LIMIT', 0, limit)
if #sites < limit then
  -- Take a fair share only, so that workers that start later find sites, too.
  local share = math.ceil(call('ZCARD', G .. 'ready') / call('ZCARD', G .. 'owners'))
  local free = call('ZRANGEBYSCORE', G .. 'ready', '-inf', now + SLACK, 'LIMIT', 0,
    math.min(limit - #sites, share))
  for _, site in ipairs(free) do
    give(site, owner)
    local rest = call('HGET', G .. 'rest', site)
    if rest and (rest == '?' or tonumber(rest) <= now) then call('HDEL', G .. 'rest', site) end
    if rest then call('RPUSH', got, site, rest) end
    sites[#sites + 1] = site
  end
end

local leases, deadlines, data = {}, {}, {}
local taken = {}  -- site -> list of priority, row
local left = limit
local function take(site, max)
  local found = taken[site]
  for _, priority in ipairs(call('ZREVRANGE', G .. 'p:' .. site, 0, -1)) do
    if max <= 0 then break end
    local queue = G .. 'q:' .. priority .. ':' .. site
    local rows = call('LPOP', queue, max) or {}
    if call('EXISTS', queue) == 0 then call('ZREM', G .. 'p:' .. site, priority) end
    for _, row in ipairs(rows) do
      found[#found + 1] = priority
      found[#found + 1] = row
    end
    max = max - #rows
    left = left - #rows
  end
end

-- In each round every site gives the same share, until the limit is reached or no entries are left.
local again = sites
while left > 0 and #again > 0 do
  local share = math.max(1, math.floor(left / #again))
  local more = {}
  for _, site in ipairs(again) do
    if left <= 0 then break end
    taken[site] = taken[site] or {}
    local has = tonumber(call('HGET', G .. 'n:' .. owner, site) or 0) + #taken[site] / 2
    local before = left
    take(site, math.min(share, per_site - has, left))
    if before - left == share then more[#more + 1] = site end
  end
  again = more
end

local pending, first = 0, number
for turn, site in ipairs(sites) do
  local found = taken[site]
  if found then
    local count = #found / 2
    if count > 0 then
      leases[#leases + 1] = site
      leases[#leases + 1] = tostring(count)
      for i = 1, #found, 2 do
        local id = id_of(number)
        number = number + 1
        deadlines[#deadlines + 1] = until_us
        deadlines[#deadlines + 1] = id
        data[#data + 1] = id
        data[#data + 1] = packed(site, found[i], found[i + 1])
        leases[#leases + 1] = found[i]
        leases[#leases + 1] = found[i + 1]
      end
      pending = pending + count
      call('HINCRBY', G .. 'n:' .. owner, site, count)
    end
    -- A site with an empty queue or with all its leases out gets no turn until wake() adds it again.
    local has = tonumber(call('HGET', G .. 'n:' .. owner, site) or 0)
    if has >= per_site or call('EXISTS', G .. 'p:' .. site) == 0 then
      call('ZREM', mine, site)
    else
      call('ZADD', mine, now + turn, site)
    end
  end
end
if pending > 0 or limit == 0 then
  call('ZREM', G .. 'hungry', owner)
else
  call('ZADD', G .. 'hungry', now + HUNGRY_US, owner)
end
if pending > 0 then
  in_chunks(deadlines, 4000, function(...) call('ZADD', G .. 'lease', ...) end)
  in_chunks(data, 4000, function(...) call('HSET', G .. 'ldata', ...) end)
  call('HINCRBY', G .. 'count', 'pending', -pending)
  call('HINCRBY', G .. 'count', 'leased', pending)
end
-- Entries are counted that will never be there to claim: somebody deleted keys, or the server did.
local function damaged()
  local count = call('HMGET', G .. 'count', 'pending', 'leased')
  if tonumber(count[1] or 0) == 0 and tonumber(count[2] or 0) == 0 then return false end
  if call('EXISTS', G .. 'ready', G .. 'delayed', G .. 'lease') > 0 then return false end
  for _, name in ipairs(call('ZRANGE', G .. 'owners', 0, -1)) do
    if call('EXISTS', G .. 'r:' .. name) == 1 then return false end
  end
  return true
end
if pending == 0 and damaged() then
  return redis.error_reply('DAMAGED keys of generation ' .. generation .. ' were deleted, so it '
    .. 'cannot end: start it again with FRONTIER_RESET=True to begin anew, and set '
    .. 'maxmemory-policy to noeviction')
end
local gained = call('LRANGE', got, 0, -1)
call('HSET', G .. 'last', owner, string.format('%.0f %d %d', first, pending, #gained))
return {leases, gained, state()}
