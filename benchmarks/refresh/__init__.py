"""How fresh a store stays: policies on a simulated web whose change times are known."""
