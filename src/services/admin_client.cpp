#include "services/admin_client.h"

#include "services/admin_protocol.h"

#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace bulla::services {
namespace {

constexpr std::chrono::seconds patience{120};

Result<int> connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return fail("admin.path_too_long",
                    Fault::us,
                    path + ": the path of a socket has at most 107 octets");
    }
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (socket < 0 ||
        ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        const bool denied = errno == EACCES || errno == EPERM;
        ::close(socket);
        return fail("admin.unreachable",
                    denied ? Fault::sender : Fault::temporary,
                    path + (denied ? ": only root and the daemon's user may administer it"
                                   : ": a daemon holds the instance but does not answer there; it "
                                     "may be starting or stopping"));
    }
    return socket;
}

}  // namespace

Result<nlohmann::json> call_daemon(const std::string& path,
                                   std::string_view call,
                                   const nlohmann::json& arguments) {
    BULLA_TRY(socket, connect_to(path));
    const auto deadline = std::chrono::steady_clock::now() + patience;
    const nlohmann::json request = {{"call", call}, {"arguments", arguments}};
    const auto exchange = [&]() -> Result<nlohmann::json> {
        const auto written = write_admin_frame(socket, request, max_admin_request, deadline);
        if (!written && written.error().code != "admin.unread") {
            return std::unexpected(written.error());
        }
        // Whom the daemon refuses it answers without having read the call.
        return read_admin_frame(socket, max_admin_response, deadline);
    };
    const auto response = exchange();
    ::close(socket);
    if (!response && response.error().code == "admin.unread") {
        // A daemon that stops leaves connections behind that it never took up: the call was not made, and may be made again.
        return fail("admin.unreachable",
                    Fault::temporary,
                    path + ": the daemon stopped before it had read the call");
    }
    if (!response) {
        return std::unexpected(response.error());
    }
    return parse_admin_result(*response);
}

}  // namespace bulla::services
