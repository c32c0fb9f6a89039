-- Mark the generation for deletion if no worker is alive. ARGV: generation, now, owner.
-- Returns whether it is marked (0|1).
if gone() or call('ZCOUNT', G .. 'owners', now, '+inf') > 0 then return 0 end
call('SADD', J .. 'old', generation)
call('HSET', J .. 'job', 'finished', '1')
return 1
