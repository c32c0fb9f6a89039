-- Look at the first rows of a queue once: skip some of them, or move them to another priority, and
-- put the others at its end. After as many rows as the queue had, its order is what it was.
-- ARGV: generation, now, owner, command, site, priority,
--   reason ('': move), priority to move to, the first row, the last row, '0' or '1' for each row
-- Returns how many were changed; -1 if the queue does not begin with these rows any more.
if gone() then return GONE end
local command, site, priority, reason, to = ARGV[4], ARGV[5], ARGV[6], ARGV[7], ARGV[8]
local chosen = ARGV[11]
local queue = G .. 'q:' .. priority .. ':' .. site
if call('LINDEX', queue, 0) ~= ARGV[9] or call('LINDEX', queue, #chosen - 1) ~= ARGV[10] then
  return -1
end
local kept, moved = {}, {}
for i, row in ipairs(call('LPOP', queue, #chosen)) do
  local rows = string.byte(chosen, i) == 49 and moved or kept
  rows[#rows + 1] = row
end
if #kept > 0 then push(site, priority, kept, false) end
if #moved > 0 then
  if reason == '' then
    push(site, to, moved, false)
  else
    ended(site, '4', reason, #moved)
    call('HINCRBY', G .. 'count', 'pending', -#moved)
  end
  call('HINCRBY', J .. 'urls', command, #moved)
end
if call('EXISTS', queue) == 0 then call('ZREM', G .. 'p:' .. site, priority) end
if call('EXISTS', G .. 'p:' .. site) == 0 then
  call('ZREM', G .. 'ready', site)
  local name = call('HGET', G .. 'own', site)
  if name then call('ZREM', G .. 'r:' .. name, site) end
end
return #moved
