-- Extend the life of a worker and of its leases.
-- ARGV: generation, now, owner, lease_us, lease ids
-- Returns the stale ids, state().
if gone() then return GONE end
local deadline = live(G, tonumber(ARGV[4]))
local stale = {}
for i = 5, #ARGV do
  local had = call('ZSCORE', G .. 'lease', ARGV[i])
  if had and tonumber(had) > now then
    call('ZADD', G .. 'lease', deadline, ARGV[i])
  else
    stale[#stale + 1] = ARGV[i]
  end
end
return {stale, state()}
