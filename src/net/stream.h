#pragma once
#include "base/error.h"
#include "net/endpoint.h"
#include "net/runtime.h"
#include "net/task.h"
#include "net/tls.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace bulla::net {

/// Bytes in both directions, in clear or under TLS. All members are for the io thread that made it, one reading and one writing call at a
/// time. Errors of all calls: net.timeout (the deadline passed), net.reset (the peer went away), net.closed (close()
/// was called), tls.* of the handshake; after an error the stream is good for nothing but close(), but for set_deadline().
class Stream {
  public:
    Stream() = default;
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;
    virtual ~Stream() = default;

    /// Waits for bytes and puts as many as there are into `into`: at least 1, or 0 if the peer has ended its direction.
    [[nodiscard]] virtual Task<Result<std::size_t>> read_some(std::span<char> into) = 0;
    /// Writes all of `pieces` in order, in as few system calls as it can. They must stay valid until it returns.
    [[nodiscard]] virtual Task<Result<void>> write(std::span<const std::string_view> pieces) = 0;
    /// Shakes hands as server. What was read in clear before belongs to the caller, who must have dropped it (RFC 3207 4.2).
    /// Error: tls.handshake.
    [[nodiscard]] virtual Task<Result<void>> start_tls_server(const TlsContext& context) = 0;
    /// Shakes hands as client; `name` is sent (SNI) unless it is an address, and checked if the context says so.
    /// Errors: tls.handshake, tls.untrusted.
    [[nodiscard]] virtual Task<Result<void>> start_tls_client(const TlsContext& context,
                                                              const std::string& name) = 0;
    /// From now on all calls, together, must end by `deadline`: one timer a stream, moved at no cost. After a net.timeout of read_some() a new
    /// deadline allows some last words to be written.
    virtual void set_deadline(Deadline deadline) = 0;
    /// Ends both directions at once; under TLS the peer is told. Calls that wait return net.closed.
    virtual void close() = 0;
    [[nodiscard]] virtual const Endpoint& peer() const = 0;
    [[nodiscard]] virtual const Endpoint& local() const = 0;
    /// Such as "TLSv1.3 TLS_AES_256_GCM_SHA384"; empty without TLS.
    [[nodiscard]] virtual std::string tls_summary() const = 0;
    /// True if the peer has closed or sent something while nobody read: such an idle connection is not to be used again.
    [[nodiscard]] virtual bool is_stale() const = 0;

    /// write() of one piece, which must stay valid until it returns.
    [[nodiscard]] Task<Result<void>> write_one(std::string_view piece);
};

/// Connects to `endpoint` by `deadline`, on this io thread. The deadline stays set on the stream. Errors: net.refused, net.unreachable,
/// net.timeout.
[[nodiscard]] Task<Result<std::unique_ptr<Stream>>> connect(Endpoint endpoint, Deadline deadline);

}  // namespace bulla::net
