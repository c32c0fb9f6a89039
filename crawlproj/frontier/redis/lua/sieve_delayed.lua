-- Skip delayed entries, or change their priority.
-- ARGV: generation, now, owner, command, reason ('': move), priority to move to, keys
-- Returns how many were changed.
if gone() then return GONE end
local command, reason, to = ARGV[4], ARGV[5], ARGV[6]
local changed = 0
for i = 7, #ARGV do
  local pack = call('HGET', G .. 'ddata', ARGV[i])
  if pack then
    local site, priority, row = parts(pack)
    if reason ~= '' then
      call('HDEL', G .. 'ddata', ARGV[i])
      call('ZREM', G .. 'delayed', ARGV[i])
      ended(site, '4', reason, 1)
      call('HINCRBY', G .. 'count', 'pending', -1)
      changed = changed + 1
    elseif priority ~= to then
      call('HSET', G .. 'ddata', ARGV[i], packed(site, to, row))
      changed = changed + 1
    end
  end
end
if changed > 0 then call('HINCRBY', J .. 'urls', command, changed) end
return changed
