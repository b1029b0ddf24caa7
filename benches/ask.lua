-- Questions for wrk: the lines of the file QUESTIONS, one after the other. With PAUSE each connection waits so many
-- milliseconds before each.
dofile("benches/counted.lua")
bodies = {}
for line in io.lines(os.getenv("QUESTIONS")) do bodies[#bodies + 1] = line end
pause = tonumber(os.getenv("PAUSE") or "0")

function request()
  at = at + 1
  return wrk.format("POST", "/query", { ["Content-Type"] = "application/json" }, bodies[at % #bodies + 1])
end

if pause > 0 then
  function delay() return math.random(0, 2 * pause) end
end
