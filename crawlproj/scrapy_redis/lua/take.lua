-- Move start URLs from the key to the hash of the worker that takes them.
-- KEYS: start URLs (LIST, SET or ZSET), the worker's hash (HASH number -> score SPACE datum),
--   its heartbeat (STRING), workers (SET of their names)
-- ARGV: list|set|zset, worker, heartbeat in ms, number of the first start URL, max start URLs
-- Returns the data, numbered from the first. If it is sent again with the same number, because its
-- answer was lost, it returns the same data.
local kind, worker, first, limit = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local source, taken = KEYS[1], KEYS[2]
local call = redis.call

-- Before taking any, so that the others find this worker's start URLs if it dies.
call('SADD', KEYS[4], worker)
call('SET', KEYS[3], '1', 'PX', ARGV[3])

local data = {}
if call('HEXISTS', taken, first) == 1 then
  for number = first, first + limit - 1 do
    local value = call('HGET', taken, number)
    if not value then break end
    data[#data + 1] = string.sub(value, string.find(value, ' ', 1, true) + 1)
  end
  return data
end

local scores = {}
if kind == 'list' then
  data = call('LRANGE', source, 0, limit - 1)
  call('LTRIM', source, limit, -1)
elseif kind == 'set' then
  data = call('SPOP', source, limit)
else
  local popped = call('ZPOPMAX', source, limit)
  for i = 1, #popped, 2 do
    data[#data + 1], scores[#scores + 1] = popped[i], popped[i + 1]
  end
end
for i, datum in ipairs(data) do
  call('HSET', taken, first + i - 1, (scores[i] or '0') .. ' ' .. datum)
end
return data
