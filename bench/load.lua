-- wrk's requests: TOKENS holds one Authorization header's value a line ("-" for none), and after a tab the session's id
-- if there is one; lines are taken in turn, on from number FIRST.
-- The last line of the output is one JSON document.
local prepared, at = {}, 0

function init(args)
  local number = 0
  for line in io.lines(os.getenv("BENCH_TOKENS")) do
    local headers = { ["Content-Type"] = "application/json" }
    local token, session = line:match("^([^\t]*)\t?(.*)$")
    if token ~= "-" then headers["Authorization"] = token end
    if session ~= "" then headers["X-Amzn-Bedrock-AgentCore-Runtime-Session-Id"] = session end
    number = number + 1
    prepared[number] = wrk.format("POST", nil, headers, os.getenv("BENCH_BODY"))
  end
  at = os.getenv("BENCH_FIRST") % #prepared
end

function request()
  at = at % #prepared + 1
  return prepared[at]
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %.6f, "p50_us": %d, "p99_us": %d, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout))
end
