-- Hand sites to workers that find nothing to do, each to the one with the fewest sites. The worker
-- claims no more from them; the leases it still holds stay its own until they are acked.
-- ARGV: generation, now, owner, then pairs: site, earliest time for its next request.
-- Returns the sites that were handed over, state().
if gone() then return GONE end
local ceded = {}
local function heir()
  local best, fewest
  for _, name in ipairs(call('ZRANGEBYSCORE', G .. 'hungry', now, '+inf')) do
    local has = sites_of(name)
    if name ~= owner and (not fewest or has < fewest) then best, fewest = name, has end
  end
  return best
end
for i = 4, #ARGV, 2 do
  local site, rest = ARGV[i], ARGV[i + 1]
  if call('HGET', G .. 'own', site) == owner then
    local name = heir()
    if not name then break end
    call('HDEL', G .. 'rest', site)
    leave(site, owner, rest)
    give(site, name)
    call('RPUSH', G .. 'got:' .. name, site, rest)
    ceded[#ceded + 1] = site
  end
end
return {ceded, state()}
