#pragma once
#include "net/stream.h"

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <utility>

namespace bulla::net {

/// Lets the Nth operation of the streams that share it fail with net.reset: a test runs with 1, 2, 3 … until nothing failed.
struct FailAtNth {
    std::size_t nth = 0;    ///< From 1; 0: never.
    std::size_t count = 0;  ///< Operations so far.

    [[nodiscard]] bool now() { return ++count == nth; }

    [[nodiscard]] bool failed() const { return nth != 0 && count >= nth; }
};

/// One end of a connection in memory, for tests; both ends belong to one io thread. TLS is pretended: both ends must ask for it.
class MemoryStream final : public Stream {
  public:
    struct Pipe;
    MemoryStream(std::shared_ptr<Pipe> incoming, std::shared_ptr<Pipe> outgoing, FailAtNth* fail);
    ~MemoryStream() override;

    /// Two ends of one connection. `first_fails` counts the operations of the first end. At most `chunk` octets are read at once.
    [[nodiscard]] static std::pair<std::unique_ptr<MemoryStream>, std::unique_ptr<MemoryStream>>
    make_pair(FailAtNth* first_fails = nullptr, std::size_t chunk = 4096);

    [[nodiscard]] Task<Result<std::size_t>> read_some(std::span<char> into) override;
    [[nodiscard]] Task<Result<void>> write(std::span<const std::string_view> pieces) override;
    [[nodiscard]] Task<Result<void>> start_tls_server(const TlsContext& context) override;
    [[nodiscard]] Task<Result<void>> start_tls_client(const TlsContext& context,
                                                      const std::string& name) override;
    void set_deadline(Deadline deadline) override;
    void close() override;

    [[nodiscard]] const Endpoint& peer() const override { return endpoint_; }

    [[nodiscard]] const Endpoint& local() const override { return endpoint_; }

    [[nodiscard]] std::string tls_summary() const override { return tls_ ? "TLS in memory" : ""; }

    [[nodiscard]] bool is_stale() const override;

    /// What peer() and local() say.
    void set_endpoint(Endpoint endpoint) { endpoint_ = std::move(endpoint); }

  private:
    [[nodiscard]] bool fails();

    std::shared_ptr<Pipe> incoming_;
    std::shared_ptr<Pipe> outgoing_;
    FailAtNth* fail_;
    Endpoint endpoint_;
    Deadline deadline_ = no_deadline;
    bool tls_ = false;
    bool closed_ = false;
};

}  // namespace bulla::net
