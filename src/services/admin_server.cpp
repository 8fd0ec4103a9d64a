#include "services/admin_server.h"

#include "base/log.h"
#include "services/admin_protocol.h"
#include "services/owner.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace bulla::services {
namespace {

constexpr std::chrono::seconds request_time{10};
constexpr std::chrono::seconds response_time{30};

Result<Caller> identify(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return fail("admin.unknown_peer",
                    Fault::sender,
                    "the administration socket does not say who calls");
    }
    if (peer.uid != 0 && peer.uid != ::geteuid()) {
        return fail("admin.not_permitted",
                    Fault::sender,
                    "only root and the user of the daemon may administer it");
    }
    return Caller{"cli:" + user_name(peer.uid)};
}

Result<nlohmann::json> answer(ServiceContext& context,
                              const Caller& caller,
                              const nlohmann::json& request) {
    const bool good = request.is_object() && request.contains("call") &&
                      request["call"].is_string() && request.contains("arguments");
    if (!good) {
        return fail("admin.bad_json", Fault::sender, "the request has no call");
    }
    return call_service(
        context, caller, request["call"].get_ref<const std::string&>(), request["arguments"]);
}

Result<int> bind_socket(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return fail(
            "admin.path_too_long",
            Fault::us,
            path +
                ": the path of a socket has at most 107 octets: choose a shorter state directory");
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::unlink(path.c_str());
    // Others must not connect between bind() and chmod(): the socket is born without rights for them.
    const mode_t before = ::umask(0177);
    const bool bound =
        socket >= 0 &&
        ::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::umask(before);
    if (!bound || ::listen(socket, 16) != 0) {
        ::close(socket);
        return fail("admin.bind",
                    Fault::us,
                    path + ": cannot listen there: does the daemon's user own the directory?");
    }
    return socket;
}

}  // namespace

Result<std::unique_ptr<AdminServer>> AdminServer::start(const std::string& path,
                                                        ServiceContext& context) {
    BULLA_TRY(listener, bind_socket(path));
    std::array<int, 2> stop{};
    if (::pipe2(stop.data(), O_CLOEXEC) != 0) {
        ::close(listener);
        return fail("admin.bind", Fault::temporary, "there are no more file descriptors");
    }
    return std::unique_ptr<AdminServer>(new AdminServer(path, listener, stop[0], stop[1], context));
}

AdminServer::AdminServer(
    std::string path, int listener, int stop_read, int stop_write, ServiceContext& context)
    : path_(std::move(path)),
      listener_(listener),
      stop_read_(stop_read),
      stop_write_(stop_write),
      context_(context),
      thread_([this] { run(); }) {}

AdminServer::~AdminServer() {
    ::close(stop_write_);
    thread_.join();
    ::close(stop_read_);
    ::close(listener_);
    ::unlink(path_.c_str());
}

void AdminServer::run() {
    while (true) {
        std::array<pollfd, 2> watched{{{.fd = listener_, .events = POLLIN, .revents = 0},
                                       {.fd = stop_read_, .events = POLLIN, .revents = 0}}};
        if (::poll(watched.data(), watched.size(), -1) < 0) {
            continue;
        }
        if (watched[1].revents != 0) {
            return;
        }
        const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket >= 0) {
            serve(socket);
            ::close(socket);
        } else if (errno != EINTR && errno != ECONNABORTED) {
            // Out of descriptors: the connection stays in the queue, so poll() would return at once.
            pollfd stopped{.fd = stop_read_, .events = POLLIN, .revents = 0};
            ::poll(&stopped, 1, 100);
        }
    }
}

void AdminServer::serve(int socket) {
    const auto caller = identify(socket);
    if (!caller) {
        log::warning("admin.refused", {{"reason", caller.error().text}});
        // Nothing is read from a stranger, and little written: what fits into the socket at once.
        static_cast<void>(write_admin_frame(socket,
                                            write_admin_result(std::unexpected(caller.error())),
                                            max_admin_response,
                                            std::chrono::steady_clock::now()));
        return;
    }
    const auto request = read_admin_frame(
        socket, max_admin_request, std::chrono::steady_clock::now() + request_time);
    Result<nlohmann::json> result;
    try {
        result = request ? answer(context_, *caller, *request)
                         : Result<nlohmann::json>(std::unexpected(request.error()));
    } catch (const std::exception& error) {
        // A broken invariant in one call must not end the mail of everybody.
        log::error("admin.failed", {{"what", error.what()}});
        result = fail("admin.failed", Fault::us, "the call failed: see the daemon's log");
    }
    const auto deadline = std::chrono::steady_clock::now() + response_time;
    if (auto sent =
            write_admin_frame(socket, write_admin_result(result), max_admin_response, deadline);
        !sent) {
        log::info("admin.answer_lost", {{"reason", sent.error().text}});
    }
}

}  // namespace bulla::services
