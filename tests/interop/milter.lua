-- What a mail server may do, by miltertest: several messages a connection, aborts, and what must be refused. `socket` is given with -D.
local conn = mt.connect(socket)
if conn == nil then error("no connection") end

local function check(what, got, wanted)
  if got ~= wanted then error(what .. ": " .. tostring(got) .. " instead of " .. tostring(wanted)) end
end

local function continues(what)
  check(what, mt.getreply(conn), SMFIR_CONTINUE)
end

local function begin(from)
  if mt.mailfrom(conn, from) ~= nil then error("MAIL failed") end
  continues("MAIL")
  if mt.rcptto(conn, "<suzie@example.net>") ~= nil then error("RCPT failed") end
  continues("RCPT")
end

local function header(name, value)
  if mt.header(conn, name, value) ~= nil then error("header failed") end
  continues(name)
end

local function text(body)
  header("From", "joe@example.com")
  header("Date", "Sun, 22 Nov 2026 10:00:00 +0000")
  header("Subject", "a\n\tfolded  one")
  if mt.eoh(conn) ~= nil then error("end of header failed") end
  continues("end of header")
  if mt.bodystring(conn, body) ~= nil then error("body failed") end
  continues("body")
  if mt.eom(conn) ~= nil then error("end of message failed") end
end

if mt.conninfo(conn, "client.example", "127.0.0.1") ~= nil then error("client failed") end
continues("client")
if mt.helo(conn, "client.example") ~= nil then error("HELO failed") end
continues("HELO")

for i = 1, 3 do
  begin("<joe@example.com>")
  if i == 2 then
    header("Subject", "never ended")
    if mt.abort(conn) ~= nil then error("abort failed") end
    begin("<joe@example.com>")
  end
  text("Hello " .. i .. "\r\n")
  check("end of message", mt.getreply(conn), SMFIR_CONTINUE)
  if not mt.eom_check(conn, MT_HDRINSERT, "DKIM-Signature") and not mt.eom_check(conn, MT_HDRADD, "DKIM-Signature") then
    error("no signature was added to message " .. i)
  end
end

begin("<>")
text("bare\nline\r\n")
check("a bare LF", mt.getreply(conn), SMFIR_REPLYCODE)

begin("<joe@example.com>")
text("after a refusal\r\n")
check("after a refusal", mt.getreply(conn), SMFIR_CONTINUE)
mt.disconnect(conn)
