-- The same request again and again, for wrk.
dofile("benches/counted.lua")
