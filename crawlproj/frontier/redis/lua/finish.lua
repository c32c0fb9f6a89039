-- Mark the generation finished. ARGV: generation, now, owner. Returns pending, leased.
if gone() then return GONE end
local left = call('HMGET', G .. 'count', 'pending', 'leased')
local pending, leased = tonumber(left[1] or 0), tonumber(left[2] or 0)
if pending + leased == 0 then call('HSET', J .. 'job', 'finished', '1') end
return {pending, leased}
