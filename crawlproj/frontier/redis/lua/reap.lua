-- Put back expired leases, attempts counted, and remove workers that stopped renewing theirs.
-- ARGV: generation, now, owner. Returns how many leases went back, state().
if gone() then return GONE end
-- A deadline that is further away than any lease is from before the server's clock was set back.
local longest = call('HGET', J .. 'job', 'lease')
if longest then
  local latest = string.format('%.0f', now + longest)
  for _, key in ipairs({G .. 'lease', G .. 'owners'}) do
    for _, name in ipairs(call('ZRANGEBYSCORE', key, '(' .. latest, '+inf', 'LIMIT', 0, 1000)) do
      call('ZADD', key, latest, name)
    end
  end
end
local back = put_back(call('ZRANGEBYSCORE', G .. 'lease', '-inf', now, 'LIMIT', 0, 1000), true)
for _, name in ipairs(call('ZRANGEBYSCORE', G .. 'owners', '-inf', now)) do
  forget_owner(name)
end
return {back, state()}
