#pragma once
#include "net/io_thread.h"
#include "net/socket.h"
#include "net/stream.h"

#include <memory>

namespace bulla::net {

/// A Stream over the connected (or connecting) socket `fd`, for the io thread that calls.
[[nodiscard]] std::unique_ptr<Stream> make_socket_stream(UniqueFd fd);

}  // namespace bulla::net
