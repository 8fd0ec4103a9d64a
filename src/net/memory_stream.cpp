#include "net/memory_stream.h"

#include <algorithm>

namespace bulla::net {

struct MemoryStream::Pipe {
    std::string bytes;
    std::size_t chunk;
    bool ended = false;
    Event changed;

    explicit Pipe(std::size_t most) : chunk(most) {}
};

namespace {

std::unexpected<Error> reset_error() {
    return fail("net.reset", Fault::temporary, "the connection was broken (by the test)");
}

}  // namespace

MemoryStream::MemoryStream(std::shared_ptr<Pipe> incoming,
                           std::shared_ptr<Pipe> outgoing,
                           FailAtNth* fail)
    : incoming_(std::move(incoming)), outgoing_(std::move(outgoing)), fail_(fail) {}

MemoryStream::~MemoryStream() {
    MemoryStream::close();
}

std::pair<std::unique_ptr<MemoryStream>, std::unique_ptr<MemoryStream>> MemoryStream::make_pair(
    FailAtNth* first_fails, std::size_t chunk) {
    auto there = std::make_shared<Pipe>(chunk);
    auto back = std::make_shared<Pipe>(chunk);
    return {std::make_unique<MemoryStream>(back, there, first_fails),
            std::make_unique<MemoryStream>(there, back, nullptr)};
}

bool MemoryStream::fails() {
    if (fail_ != nullptr && fail_->now()) {
        close();
        return true;
    }
    return false;
}

Task<Result<std::size_t>> MemoryStream::read_some(std::span<char> into) {
    if (fails()) {
        co_return reset_error();
    }
    while (true) {
        if (closed_) {
            co_return fail("net.closed", Fault::temporary, "the connection was closed");
        }
        if (!incoming_->bytes.empty() || incoming_->ended) {
            const auto count = std::min({into.size(), incoming_->chunk, incoming_->bytes.size()});
            std::copy_n(incoming_->bytes.begin(), count, into.begin());
            incoming_->bytes.erase(0, count);
            co_return count;
        }
        const auto pipe = incoming_;
        if (!co_await pipe->changed.wait_until(deadline_)) {
            co_return fail("net.timeout", Fault::temporary, "the peer did not answer in time");
        }
    }
}

Task<Result<void>> MemoryStream::write(std::span<const std::string_view> pieces) {
    if (fails()) {
        co_return reset_error();
    }
    if (closed_) {
        co_return fail("net.closed", Fault::temporary, "the connection was closed");
    }
    if (outgoing_->ended) {
        co_return reset_error();
    }
    for (const auto piece : pieces) {
        outgoing_->bytes += piece;
    }
    outgoing_->changed.notify();
    co_return Result<void>{};
}

Task<Result<void>> MemoryStream::start_tls_server(const TlsContext& /*context*/) {
    if (fails()) {
        co_return fail("tls.handshake", Fault::temporary, "TLS failed (by the test)");
    }
    tls_ = true;
    co_return Result<void>{};
}

Task<Result<void>> MemoryStream::start_tls_client(const TlsContext& context,
                                                  const std::string& /*name*/) {
    return start_tls_server(context);
}

void MemoryStream::set_deadline(Deadline deadline) {
    deadline_ = deadline;
}

void MemoryStream::close() {
    if (closed_) {
        return;
    }
    closed_ = true;
    for (const auto& pipe : {incoming_, outgoing_}) {
        pipe->ended = true;
        pipe->changed.notify();
    }
}

bool MemoryStream::is_stale() const {
    return closed_ || incoming_->ended || !incoming_->bytes.empty();
}

}  // namespace bulla::net
