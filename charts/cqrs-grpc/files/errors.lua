-- Makes the gateway's own errors errors of the contract: a google.rpc.Status with details, over gRPC in its headers, over REST as JSON, the same as the services make them. What a
-- service answered is passed through untouched.

-- By Envoy's status: the gRPC code, the HTTP status, the reason (error_reason.proto), what to tell people, and whether a repetition may help.
local OVERLOADED = {code = 8, http = "429", reason = "OVERLOADED", message = "The gateway takes on no more calls for now.", retry = true}
local LATE = {code = 4, http = "504", message = "The call took longer than the gateway waits. It may have been done."}
local UNREACHABLE = {code = 14, http = "503", reason = "SERVICE_UNAVAILABLE", message = "The gateway does not reach the service, or lost it during the call.", retry = true}
local ERRORS = {
  ["400"] = {code = 3, http = "400", reason = "INVALID_REQUEST", message = "cannot be read as the message that this call takes", invalid = true},
  ["401"] = {code = 16, http = "401", reason = "UNAUTHENTICATED", message = "A valid token is needed: authorization: Bearer <token>."},
  ["403"] = {code = 7, http = "403", reason = "PERMISSION_DENIED", message = "The token does not allow this call."},
  ["404"] = {code = 12, http = "404", missing = true, message = "The catalog has no such method. All of them stand in protos/catalog/v1, with their paths."},
  ["405"] = {code = 12, http = "405", missing = true, message = "This path does not take this HTTP method. The header Allow names those that it takes."},
  ["408"] = LATE,
  ["413"] = {code = 8, http = "413", reason = "MESSAGE_TOO_LARGE", message = "The message is too large: a call takes at most 4 MiB. Send less at once."},
  ["429"] = OVERLOADED, ["502"] = UNREACHABLE, ["503"] = UNREACHABLE, ["504"] = LATE,
}
local TYPE, DOMAIN = "type.googleapis.com/google.rpc.", "catalog.cqrsgrpc.dev"
local RETRY_SECONDS = 1

-- A field of a protobuf message that holds text or a message.
local function bytes(number, value)
  local length, varint = #value, ""
  while length >= 128 do
    varint, length = varint .. string.char(length % 128 + 128), math.floor(length / 128)
  end
  return string.char(number * 8 + 2) .. varint .. string.char(length) .. value
end

local function number(field, value) return string.char(field * 8, value) end

local function any(type, value) return bytes(3, bytes(1, TYPE .. type) .. bytes(2, value)) end

local function protobuf(e, field, description)
  local status = number(1, e.code) .. bytes(2, field and field .. ": " .. description or description)
  if e.reason then status = status .. any("ErrorInfo", bytes(1, e.reason) .. bytes(2, DOMAIN)) end
  if field then status = status .. any("BadRequest", bytes(1, bytes(1, field) .. bytes(2, description))) end
  if e.retry then status = status .. any("RetryInfo", bytes(1, number(1, RETRY_SECONDS))) end
  return status
end

local function text(value)
  return '"' .. value:gsub('[%c"\\\127-\255]', function(c) return string.format("\\u%04x", string.byte(c)) end) .. '"'
end

local function json(e, field, description)
  local details = {}
  local function add(type, members) details[#details + 1] = '{"@type":"' .. TYPE .. type .. '",' .. members .. "}" end
  if e.reason then add("ErrorInfo", '"reason":"' .. e.reason .. '","domain":"' .. DOMAIN .. '","metadata":{}') end
  if field then add("BadRequest", '"fieldViolations":[{"field":"' .. field .. '","description":' .. text(description) .. ',"reason":""}]') end
  if e.retry then add("RetryInfo", '"retryDelay":"' .. RETRY_SECONDS .. 's"') end
  return '{"code":' .. e.code .. ',"message":' .. text(field and field .. ": " .. description or description) .. ',"details":[' .. table.concat(details, ",") .. "]}"
end

-- The transcoder looks at no content type. JSON that a form of a foreign site sends as text must not pass, nor may anything that no one meant as JSON.
local function is_json(type)
  return type ~= nil and (type:lower():match("^application/json%s*$") or type:lower():match('^application/json%s*;%s*charset="?utf%-8"?%s*$')) ~= nil
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local type = headers:get("content-type")
  if type and type:sub(1, 16) == "application/grpc" then
    handle:streamInfo():dynamicMetadata():set("catalog", "grpc", type)
    return
  end
  if headers:get(":path"):sub(1, 4) ~= "/v1/" then return end
  local method, length = headers:get(":method"), headers:get("content-length")
  local empty = length == "0" or (length == nil and method ~= "POST" and method ~= "PATCH")
  if not empty and not is_json(type) then
    local e = ERRORS["400"]
    handle:respond({[":status"] = e.http, ["content-type"] = "application/json"}, json(e, "content-type", "must be application/json"))
    return
  end
  handle:streamInfo():dynamicMetadata():set("catalog", "rest", empty and "parameters" or "body")
end

function envoy_on_response(handle)
  local headers = handle:headers()
  local call = handle:streamInfo():dynamicMetadata():get("catalog")
  -- REST tells the status its own way.
  if call and call.rest then headers:remove("grpc-status") end
  local made = headers:get("x-gateway-error")
  if not made then return end
  headers:remove("x-gateway-error")
  local e = ERRORS[made:sub(1, 3)]
  if e == UNREACHABLE and made:find("overflow") or made:find("overload") then e = OVERLOADED end
  -- Paths besides those of the contract have only one thing to say: that they are not there.
  if not e or not (call or e.missing) then return end
  if e.retry then headers:replace("retry-after", tostring(RETRY_SECONDS)) end
  if call and call.grpc then
    headers:replace(":status", "200")
    headers:replace("content-type", call.grpc)
    headers:replace("grpc-status", tostring(e.code))
    headers:replace("grpc-message", e.message)
    headers:replace("grpc-status-details-bin", handle:base64Escape(protobuf(e, e.invalid and "request" or nil, e.message)))
    if headers:get("content-length") then handle:body(true):setBytes("") end
    return
  end
  headers:replace(":status", e.http)
  headers:replace("content-type", "application/json")
  local body = handle:body(true)
  local said = body:length() > 0 and body:getBytes(0, body:length()) or e.message
  if not e.invalid then
    body:setBytes(json(e, nil, e.message))
    return
  end
  -- The transcoder names the field that a value does not fit: "product.price.units: invalid value ...".
  local field, wrong = said:match("^([a-z][%w_.%[%]]*): (.+)$")
  body:setBytes(json(e, field or call.rest, wrong or said))
end
