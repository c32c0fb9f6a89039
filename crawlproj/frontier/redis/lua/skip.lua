-- Skip the pending entries of some sites, and up to a thousand delayed entries of any site.
-- ARGV: generation, now, owner, reason, sites.
-- Returns how many were skipped, whether more are delayed (0|1).
if gone() then return GONE end
local reason, skipped = ARGV[4], 0
for i = 5, #ARGV do
  local site, here = ARGV[i], 0
  for _, priority in ipairs(call('ZRANGE', G .. 'p:' .. site, 0, -1)) do
    local queue = G .. 'q:' .. priority .. ':' .. site
    here = here + call('LLEN', queue)
    call('UNLINK', queue)
  end
  if here > 0 then
    call('DEL', G .. 'p:' .. site)
    call('ZREM', G .. 'ready', site)
    local name = call('HGET', G .. 'own', site)
    if name then call('ZREM', G .. 'r:' .. name, site) end
    ended(site, '4', reason, here)
    skipped = skipped + here
  end
end
local delayed = call('ZRANGE', G .. 'delayed', 0, 999)
for _, key in ipairs(delayed) do
  local site = parts(call('HGET', G .. 'ddata', key))
  call('HDEL', G .. 'ddata', key)
  call('ZREM', G .. 'delayed', key)
  ended(site, '4', reason, 1)
end
skipped = skipped + #delayed
if skipped > 0 then call('HINCRBY', G .. 'count', 'pending', -skipped) end
return {skipped, call('EXISTS', G .. 'delayed')}
