-- Put back expired leases, attempts counted, and remove workers that stopped renewing theirs.
-- ARGV: generation, now, owner. Returns how many leases went back, state().
if gone() then return GONE end
local back = put_back(call('ZRANGEBYSCORE', G .. 'lease', '-inf', now, 'LIMIT', 0, 1000), true)
for _, name in ipairs(call('ZRANGEBYSCORE', G .. 'owners', '-inf', now)) do
  forget_owner(name)
end
return {back, state()}
