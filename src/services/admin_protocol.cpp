#include "services/admin_protocol.h"

#include "base/encoding.h"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <poll.h>
#include <set>
#include <sys/socket.h>
#include <unistd.h>

namespace bulla::services {
namespace {

/// The kernel says ECONNRESET or EPIPE where the other end went away before it had read all that was sent to it.
std::unexpected<Error> closed(bool unread) {
    return fail(unread ? "admin.unread" : "admin.closed",
                Fault::temporary,
                "the administration socket was closed in the middle");
}

Result<void> wait_for(int socket, decltype(pollfd::events) events, AdminDeadline deadline) {
    while (true) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
                              deadline - std::chrono::steady_clock::now())
                              .count();
        pollfd watched{.fd = socket, .events = events, .revents = 0};
        const int ready =
            ::poll(&watched, 1, static_cast<int>(std::clamp<std::int64_t>(left, 0, 1 << 30)));
        if (ready > 0) {
            return {};
        }
        if (ready == 0) {
            return fail("admin.timeout",
                        Fault::temporary,
                        "the other end of the administration socket took too long");
        }
        if (errno != EINTR) {
            return fail("admin.closed", Fault::temporary, "the administration socket failed");
        }
    }
}

Result<std::string> read_exactly(int socket, std::size_t size, AdminDeadline deadline) {
    std::string out;
    while (out.size() < size) {
        BULLA_CHECK(wait_for(socket, POLLIN, deadline));
        // Grows with what arrives, so that a length alone takes no memory.
        const std::size_t before = out.size();
        out.resize(std::min<std::size_t>(size, before + 65536));
        const ssize_t got = ::recv(socket, out.data() + before, out.size() - before, MSG_DONTWAIT);
        const bool again = got < 0 && (errno == EINTR || errno == EAGAIN);
        if (got <= 0 && !again) {
            return closed(got < 0 && errno == ECONNRESET);
        }
        out.resize(before + static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    }
    return out;
}

/// Error codes live for ever; those that come from another process are kept here, a bounded number of them.
std::string_view intern(const std::string& code) {
    static std::mutex mutex;
    static std::set<std::string> known;
    const std::scoped_lock lock(mutex);
    if (known.size() >= 1000 && !known.contains(code)) {
        return "admin.error";
    }
    return *known.insert(code).first;
}

}  // namespace

Result<nlohmann::json> read_admin_frame(int socket, std::size_t max, AdminDeadline deadline) {
    BULLA_TRY(head, read_exactly(socket, 4, deadline));
    const std::size_t size = get_u32(head);
    if (size > max) {
        return fail("admin.too_large",
                    Fault::sender,
                    "a message on the administration socket is too large");
    }
    BULLA_TRY(body, read_exactly(socket, size, deadline));
    auto value = nlohmann::json::parse(body, nullptr, false);
    if (value.is_discarded()) {
        return fail(
            "admin.bad_json", Fault::sender, "a message on the administration socket is no JSON");
    }
    return value;
}

Result<void> write_admin_frame(int socket,
                               const nlohmann::json& value,
                               std::size_t max,
                               AdminDeadline deadline) {
    const std::string body = value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (body.size() > max) {
        return fail("admin.too_large",
                    Fault::sender,
                    "the message is too large for the administration socket: ask for less at once");
    }
    std::string frame;
    put_u32(frame, static_cast<std::uint32_t>(body.size()));
    frame += body;
    std::string_view rest = frame;
    while (!rest.empty()) {
        BULLA_CHECK(wait_for(socket, POLLOUT, deadline));
        const ssize_t sent = ::send(socket, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR && errno != EAGAIN) {
            return closed(errno == EPIPE || errno == ECONNRESET);
        }
        rest.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    }
    return {};
}

nlohmann::json write_admin_result(const Result<nlohmann::json>& result) {
    if (result) {
        return {{"value", *result}};
    }
    const Error& error = result.error();
    return {{"error",
             {{"code", error.code},
              {"fault", static_cast<int>(error.fault)},
              {"text", error.text},
              {"field", error.field},
              {"retry_after", error.retry_after}}}};
}

Result<nlohmann::json> parse_admin_result(const nlohmann::json& response) {
    if (response.is_object() && response.contains("value")) {
        return response["value"];
    }
    const auto error =
        response.is_object() ? response.value("error", nlohmann::json()) : nlohmann::json();
    const auto good = [&](const char* name, auto check) {
        return error.is_object() && error.contains(name) && check(error[name]);
    };
    const auto is_text = [](const nlohmann::json& value) { return value.is_string(); };
    const auto is_fault = [](const nlohmann::json& value) {
        return value.is_number_integer() && value >= 0 && value <= 2;
    };
    if (!good("code", is_text) || !good("text", is_text) || !good("fault", is_fault)) {
        return fail("admin.bad_json",
                    Fault::us,
                    "the daemon's answer cannot be read: is it of another version?");
    }
    Error out{.code = intern(error["code"]),
              .fault = static_cast<Fault>(error["fault"].get<int>()),
              .text = error["text"]};
    if (good("field", is_text)) {
        out.field = error["field"];
    }
    if (good("retry_after", [](const auto& value) { return value.is_number_unsigned(); })) {
        out.retry_after = error["retry_after"];
    }
    return std::unexpected(std::move(out));
}

}  // namespace bulla::services
