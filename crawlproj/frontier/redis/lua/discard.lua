-- Let the generation be deleted if nobody works on it. ARGV: generation, now, owner.
-- Returns whether it will be (0|1).
if gone() or call('ZCOUNT', G .. 'owners', now, '+inf') > 0 then return 0 end
call('SADD', J .. 'old', generation)
call('HSET', J .. 'job', 'finished', '1')
return 1
