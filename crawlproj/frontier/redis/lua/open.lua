-- Become a worker of the job: continue its generation, or begin the next one.
-- ARGV: '', now, owner, lease_us, reset (0|1), generation to join (0: the current one, or the next
--   if that has finished), reopen (0|1): continue a generation that has finished, too
-- Returns generation, resumed (0|1), finished (0|1); or -1, the current generation, 0 if the
--   generation to join does not exist.
local current = call('HGET', J .. 'job', 'generation') or '0'
local finished = call('HGET', J .. 'job', 'finished') or '1'
local wanted = ARGV[6]
local reopen = ARGV[7] == '1' and current ~= '0' and ARGV[5] == '0'
if finished == '1' and reopen and (wanted == '0' or wanted == current) then
  call('HSET', J .. 'job', 'finished', '0')
  finished = '0'
end
local function alive(number)
  return call('ZCOUNT', J .. number .. ':owners', now, '+inf') > 0
end
-- The first worker begins the generation to join, if that is the next one.
local is_next = finished == '1' and tonumber(wanted) == tonumber(current) + 1
if wanted ~= '0' and not is_next then
  if wanted ~= current then return {-1, tonumber(current), 0} end
elseif (ARGV[5] == '1' and not alive(current)) or finished == '1' then
  if current ~= '0' then call('SADD', J .. 'old', current) end
  current = string.format('%d', current + 1)
  call('HSET', J .. 'job', 'generation', current, 'finished', '0')
  finished = 'new'
end
if owner ~= '' then
  live(J .. current .. ':', tonumber(ARGV[4]))
end
return {tonumber(current), finished == 'new' and 0 or 1, finished == '1' and 1 or 0}
