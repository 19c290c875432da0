-- wrk asks each of the hosts in turn. Arguments: the number of hosts, the port, the path.
local requests = {}
local index = 0

function init(arguments)
  local count, port, path = tonumber(arguments[1]), arguments[2], arguments[3]
  for number = 1, count do
    local host = string.format("host-%d.example.test:%s", number, port)
    requests[number] = wrk.format("GET", path, { Host = host })
  end
end

function request()
  index = index % #requests + 1
  return requests[index]
end
