-- Mark the generation as finished if no entry is pending or leased, and no command waits that
-- changes entries.
-- ARGV: generation, now, owner. Returns how many are pending, how many leased.
if gone() then return GONE end
local left = call('HMGET', G .. 'count', 'pending', 'leased')
local pending, leased = tonumber(left[1] or 0), tonumber(left[2] or 0)
if pending + leased == 0 and call('EXISTS', J .. 'waiting') == 0 then
  call('HSET', J .. 'job', 'finished', '1')
end
return {pending, leased}
