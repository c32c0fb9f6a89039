-- Put failed entries back to pending, without attempts and delay.
-- ARGV: generation, now, owner, command, then keys (as in rows). Returns how many were put back.
if gone() then return GONE end
local function fewer(hash, name)
  if call('HINCRBY', hash, name, -1) <= 0 then call('HDEL', hash, name) end
end
local changed = 0
for i = 5, #ARGV do
  local found = call('HGET', G .. 'failed', ARGV[i])
  if found then
    call('HDEL', G .. 'failed', ARGV[i])
    local at = string.find(found, '\0', 1, true)
    local reason = string.sub(found, 1, at - 1)
    local site, priority, row = parts(string.sub(found, at + 1))
    local flags, rest = string.byte(row, 1), string.sub(row, 11)
    if flags % 2 == 1 then flags, rest = flags - 1, string.sub(rest, 9) end  -- it has a time
    push(site, priority, {string.char(flags, 0) .. string.sub(row, 3, 10) .. rest}, false)
    wake(site)
    fewer(G .. 'count', 'f:' .. reason)
    fewer(G .. 'ends', '3:' .. reason .. '\0' .. site)
    changed = changed + 1
  end
end
if changed > 0 then
  call('HINCRBY', G .. 'count', 'pending', changed)
  call('HINCRBY', J .. 'urls', ARGV[4], changed)
end
return changed
