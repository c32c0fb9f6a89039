-- Put a worker's unfinished start URLs back at the front of the key.
-- KEYS: as in take.lua, those of the worker that ended
-- ARGV: list|set|zset, worker, may_live (1: do nothing if its heartbeat exists)
-- Returns how many went back.
local kind, source, taken = ARGV[1], KEYS[1], KEYS[2]
local call = redis.call
if ARGV[3] == '1' and call('EXISTS', KEYS[3]) == 1 then return 0 end

local flat, numbers, values = call('HGETALL', taken), {}, {}
for i = 1, #flat, 2 do
  numbers[#numbers + 1] = tonumber(flat[i])
  values[tonumber(flat[i])] = flat[i + 1]
end
table.sort(numbers, function(a, b) return a > b end)
for _, number in ipairs(numbers) do
  local value = values[number]
  local space = string.find(value, ' ', 1, true)
  local score, datum = string.sub(value, 1, space - 1), string.sub(value, space + 1)
  if kind == 'list' then
    call('LPUSH', source, datum)
  elseif kind == 'set' then
    call('SADD', source, datum)
  else
    call('ZADD', source, 'NX', score, datum)
  end
end
call('DEL', taken, KEYS[3])
call('SREM', KEYS[4], ARGV[2])
return #numbers
