-- Leave sites to the others, of which the worker has no leases.
-- ARGV: generation, now, owner, then pairs: site, when it may be served. Returns the sites, state().
if gone() then return GONE end
local left = {}
for i = 4, #ARGV, 2 do
  local site = ARGV[i]
  if call('HGET', G .. 'own', site) == owner and not call('HGET', G .. 'n:' .. owner, site) then
    call('HDEL', G .. 'rest', site)
    leave(site, owner, ARGV[i + 1])
    left[#left + 1] = site
  end
end
return {left, state()}
