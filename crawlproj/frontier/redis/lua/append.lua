-- Append a command to the job's log (frontier/commands.py).
-- ARGV: '', '', '', verb, arguments, who, at, token, changes entries (0|1), reopens (0|1), kept
-- Returns the command's id; 0 if there is no such job.
local current = call('HGET', J .. 'job', 'generation')
if not current then return 0 end
local id = call('HINCRBY', J .. 'job', 'commands', 1)
call('XADD', J .. 'commands', 'MAXLEN', '~', ARGV[11], id .. '-0', 'generation', current,
  'verb', ARGV[4], 'arguments', ARGV[5], 'who', ARGV[6], 'at', ARGV[7], 'token', ARGV[8])
if ARGV[9] == '1' then call('SADD', J .. 'waiting', id) end
if ARGV[10] == '1' then call('HSET', J .. 'job', 'finished', '0') end
return id
