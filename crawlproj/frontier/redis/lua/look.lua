-- Read the state of the job without changing it. ARGV: generation, now, owner. Returns state().
if gone() then return GONE end
return {state()}
