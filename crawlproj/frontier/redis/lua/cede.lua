-- Leave sites to those that find nothing: each to the one that has fewest. The worker asks nothing of
-- them any more; leases that it still has of them stay its own until they are acked.
-- ARGV: generation, now, owner, then pairs: site, when it may be served.
-- Returns the sites that were left, state().
if gone() then return GONE end
local left = {}
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
    left[#left + 1] = site
  end
end
return {left, state()}
