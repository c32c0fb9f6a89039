-- Delete start URLs that are in the frontier, and put aside those that cannot be made into requests.
-- KEYS: the worker's hash, as in take.lua; start URLs put aside (LIST of data)
-- ARGV: how many to put aside, their numbers, the numbers to delete
local aside = tonumber(ARGV[1])
for i = 2, #ARGV do
  if i <= aside + 1 then
    local value = redis.call('HGET', KEYS[1], ARGV[i])
    if value then
      redis.call('RPUSH', KEYS[2], string.sub(value, string.find(value, ' ', 1, true) + 1))
    end
  end
  redis.call('HDEL', KEYS[1], ARGV[i])
end
