#include "net/socket_stream.h"

#include "base/system_text.h"
#include "net/tls_impl.h"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <sys/uio.h>

namespace bulla::net {

namespace {

// A session that never has to wait must let the others of its thread go first now and then: after so many calls or octets.
constexpr std::size_t max_octets_in_a_row = std::size_t{128} << 10U;
constexpr std::size_t octets_of_a_call = max_octets_in_a_row / 32;  // what a call counts at least
constexpr std::size_t max_pieces_a_call = 64;
constexpr std::size_t tls_record = 16384;

class SocketStream final : public Stream {
    enum class Need { nothing, read, write, broken };

    /// Waits until the socket may be read or written, or close().
    struct Wait {
        SocketStream& stream;
        Need need;

        [[nodiscard]] bool await_ready() const noexcept { return stream.closed_; }

        void await_suspend(std::coroutine_handle<> waiting) const {
            using Descriptor = asio::posix::stream_descriptor;
            stream.octets_in_a_row_ = 0;
            stream.descriptor_.async_wait(
                need == Need::read ? Descriptor::wait_read : Descriptor::wait_write,
                [waiting](const boost::system::error_code&) { waiting.resume(); });
        }

        void await_resume() const noexcept {}
    };

    /// Lets the others of the thread go first after many calls, or much moved by them, that did not have to wait.
    struct CountCall {
        SocketStream& stream;
        std::size_t octets;

        [[nodiscard]] bool await_ready() const noexcept {
            stream.octets_in_a_row_ += std::max(octets, octets_of_a_call);
            return stream.octets_in_a_row_ < max_octets_in_a_row;
        }

        void await_suspend(std::coroutine_handle<> waiting) const {
            stream.octets_in_a_row_ = 0;
            detail::post_to(&stream.thread_, [waiting] { waiting.resume(); });
        }

        void await_resume() const noexcept {}
    };

  public:
    explicit SocketStream(UniqueFd fd)
        : thread_(*detail::current_io_thread()),
          descriptor_(thread_.context, fd.get()),
          timer_(thread_.context) {
        fd_ = fd.release();
        SocketAddress address;
        if (::getsockname(fd_, address.get(), &address.size) == 0) {
            local_ = make_endpoint(address);
        }
        learn_peer();
    }

    ~SocketStream() override { close(); }

    Task<Result<std::size_t>> read_some(std::span<char> into) override {
        while (true) {
            BULLA_CO_CHECK(check_open());
            const auto [count, need] = ssl_ ? read_tls(into) : read_clear(into);
            if (need == Need::nothing) {
                co_await CountCall{*this, count};
                co_return count;
            }
            if (need == Need::broken) {
                co_return broken();
            }
            co_await Wait{*this, need};
        }
    }

    Task<Result<void>> write(std::span<const std::string_view> pieces) override {
        return ssl_ ? write_tls(pieces) : write_clear(pieces);
    }

    Task<Result<void>> start_tls_server(const TlsContext& context) override {
        return handshake(context, {});
    }

    Task<Result<void>> start_tls_client(const TlsContext& context,
                                        const std::string& name) override {
        return handshake(context, name);
    }

    void set_deadline(Deadline deadline) override {
        deadline_ = deadline;
        expired_ = false;
        // A later deadline costs nothing: the timer looks again when it fires.
        if (deadline < armed_) {
            arm();
        }
    }

    void close() override {
        if (closed_) {
            return;
        }
        closed_ = true;
        if (ssl_ && established_ && !failed_) {
            ERR_clear_error();
            (void)SSL_shutdown(ssl_.get());
        }
        ssl_.reset();
        timer_.cancel();
        (void)::shutdown(fd_, SHUT_RDWR);
        boost::system::error_code ignored;
        // Those who wait are woken with an error and see closed_.
        descriptor_.close(ignored);
    }

    const Endpoint& peer() const override { return peer_; }

    const Endpoint& local() const override { return local_; }

    std::string tls_summary() const override {
        return ssl_ ? fmt::format(
                          "{} {}", SSL_get_version(ssl_.get()), SSL_get_cipher_name(ssl_.get()))
                    : std::string{};
    }

    bool is_stale() const override {
        if (closed_ || failed_) {
            return true;
        }
        char byte = 0;
        if (ssl_) {
            // Under TLS 1.3 session tickets may lie there unread: no reason to give the connection up. SSL_peek reads past them.
            ERR_clear_error();
            const int status = SSL_peek(ssl_.get(), &byte, 1);
            return status > 0 || SSL_get_error(ssl_.get(), status) != SSL_ERROR_WANT_READ;
        }
        const auto count = ::recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        return count >= 0 || (errno != EAGAIN && errno != EINTR);
    }

    Task<Result<void>> connect(Endpoint endpoint) {
        BULLA_CO_TRY(address, make_socket_address(endpoint));
        peer_ = std::move(endpoint);
        if (::connect(fd_, address.get(), address.size) != 0) {
            if (errno != EINPROGRESS) {
                co_return connect_error(errno);
            }
            co_await Wait{*this, Need::write};
            BULLA_CO_CHECK(check_open());
            int code = 0;
            socklen_t size = sizeof code;
            if (::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &code, &size) != 0 || code != 0) {
                co_return connect_error(code);
            }
        }
        SocketAddress local;
        if (::getsockname(fd_, local.get(), &local.size) == 0) {
            local_ = make_endpoint(local);
        }
        co_return Result<void>{};
    }

  private:
    struct Progress {
        std::size_t count;
        Need need;
    };

    void learn_peer() {
        SocketAddress address;
        if (::getpeername(fd_, address.get(), &address.size) == 0) {
            peer_ = make_endpoint(address);
        }
    }

    [[nodiscard]] std::unexpected<Error> connect_error(int code) {
        failed_ = true;
        const auto text = fmt::format("no connection to {}: {}", peer_.text(), system_text(code));
        return fail(
            code == ECONNREFUSED ? "net.refused" : "net.unreachable", Fault::temporary, text);
    }

    [[nodiscard]] Result<void> check_open() const {
        if (expired_) {
            return fail("net.timeout",
                        Fault::temporary,
                        fmt::format("{} did not answer in time", peer_.text()));
        }
        if (closed_) {
            return fail("net.closed", Fault::temporary, "the connection was closed");
        }
        return {};
    }

    [[nodiscard]] std::unexpected<Error> broken() {
        failed_ = true;
        return fail(
            "net.reset", Fault::temporary, fmt::format("{} broke the connection", peer_.text()));
    }

    void arm() {
        armed_ = deadline_;
        timer_.expires_at(deadline_);
        // A timer that has fired already calls its handler even if it is cancelled, or gone, by then.
        timer_.async_wait(
            [alive = std::weak_ptr<SocketStream*>(self_)](const boost::system::error_code& error) {
                if (const auto self = alive.lock(); self && !error) {
                    (*self)->look_at_deadline();
                }
            });
    }

    void look_at_deadline() {
        armed_ = no_deadline;
        if (deadline_ <= std::chrono::steady_clock::now()) {
            expired_ = !closed_;
            boost::system::error_code ignored;
            // Those who wait are woken and see expired_.
            descriptor_.cancel(ignored);
        } else if (deadline_ != no_deadline) {
            arm();
        }
    }

    Progress read_clear(std::span<char> into) const {
        while (true) {
            const auto count = ::recv(fd_, into.data(), into.size(), 0);
            if (count >= 0) {
                return {static_cast<std::size_t>(count), Need::nothing};
            }
            if (errno == EAGAIN) {
                return {0, Need::read};
            }
            if (errno != EINTR) {
                return {0, Need::broken};
            }
        }
    }

    /// What OpenSSL wants before the call that gave `status` can go on.
    Need need_after(int status) const {
        switch (SSL_get_error(ssl_.get(), status)) {
            case SSL_ERROR_WANT_READ:
                return Need::read;
            case SSL_ERROR_WANT_WRITE:
                return Need::write;
            case SSL_ERROR_ZERO_RETURN:
                return Need::nothing;
            default:
                return Need::broken;
        }
    }

    Progress read_tls(std::span<char> into) {
        ERR_clear_error();
        std::size_t count = 0;
        const int status = SSL_read_ex(ssl_.get(), into.data(), into.size(), &count);
        return status == 1 ? Progress{count, Need::nothing} : Progress{0, need_after(status)};
    }

    Task<Result<void>> write_clear(std::span<const std::string_view> pieces) {
        std::size_t piece = 0;
        std::size_t skip = 0;  // octets of pieces[piece] that are written already
        while (true) {
            BULLA_CO_CHECK(check_open());
            std::array<iovec, max_pieces_a_call> vectors;
            std::size_t used = 0;
            for (std::size_t i = piece; i < pieces.size() && used < vectors.size(); ++i) {
                const auto rest = pieces[i].substr(i == piece ? skip : 0);
                if (!rest.empty()) {
                    vectors[used++] = {const_cast<char*>(rest.data()),
                                       rest.size()};  // NOLINT: iovec serves reading too
                }
            }
            if (used == 0) {
                co_return Result<void>{};
            }
            msghdr message{};
            message.msg_iov = vectors.data();
            message.msg_iovlen = used;
            const auto count = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
            if (count < 0) {
                if (errno == EAGAIN) {
                    co_await Wait{*this, Need::write};
                } else if (errno != EINTR) {
                    co_return broken();
                }
                continue;
            }
            advance(pieces, piece, skip, static_cast<std::size_t>(count));
            co_await CountCall{*this, static_cast<std::size_t>(count)};
        }
    }

    static void advance(std::span<const std::string_view> pieces,
                        std::size_t& piece,
                        std::size_t& skip,
                        std::size_t count) {
        while (piece < pieces.size() && count >= pieces[piece].size() - skip) {
            count -= pieces[piece].size() - skip;
            skip = 0;
            ++piece;
        }
        skip += count;
    }

    Task<Result<void>> write_tls(std::span<const std::string_view> pieces) {
        std::string gathered;
        for (std::size_t i = 0; i < pieces.size();) {
            // Small pieces share a record; a piece that fills records goes as it is.
            gathered.clear();
            auto next = pieces[i++];
            if (next.size() < tls_record) {
                gathered = next;
                while (i < pieces.size() && gathered.size() + pieces[i].size() <= tls_record) {
                    gathered += pieces[i++];
                }
                next = gathered;
            }
            while (!next.empty()) {
                BULLA_CO_CHECK(check_open());
                ERR_clear_error();
                std::size_t count = 0;
                const int status = SSL_write_ex(ssl_.get(), next.data(), next.size(), &count);
                if (status == 1) {
                    next.remove_prefix(count);
                    co_await CountCall{*this, count};
                    continue;
                }
                const auto need = need_after(status);
                if (need == Need::nothing || need == Need::broken) {
                    co_return broken();
                }
                co_await Wait{*this, need};
            }
        }
        co_return Result<void>{};
    }

    Task<Result<void>> handshake(const TlsContext& context, std::string name) {
        BULLA_CO_CHECK(check_open());
        ssl_ = make_ssl(context, fd_, name);
        if (!ssl_) {
            failed_ = true;
            co_return fail("tls.handshake",
                           Fault::us,
                           fmt::format("TLS could not be prepared: {}", take_ssl_error()));
        }
        while (true) {
            ERR_clear_error();
            const int status = SSL_do_handshake(ssl_.get());
            if (status == 1) {
                established_ = true;
                co_return Result<void>{};
            }
            const auto need = need_after(status);
            if (need != Need::read && need != Need::write) {
                co_return handshake_error();
            }
            co_await Wait{*this, need};
            BULLA_CO_CHECK(check_open());
        }
    }

    [[nodiscard]] std::unexpected<Error> handshake_error() {
        failed_ = true;
        const auto verified = SSL_get_verify_result(ssl_.get());
        if (verified != X509_V_OK) {
            return fail("tls.untrusted",
                        Fault::temporary,
                        fmt::format("the certificate of {} is not trusted: {}",
                                    peer_.text(),
                                    X509_verify_cert_error_string(verified)));
        }
        return fail("tls.handshake",
                    Fault::temporary,
                    fmt::format("TLS with {} failed: {}", peer_.text(), take_ssl_error()));
    }

    IoThread& thread_;
    asio::posix::stream_descriptor descriptor_;  // owns fd_
    asio::steady_timer timer_;
    int fd_ = -1;
    std::shared_ptr<SocketStream*> self_ = std::make_shared<SocketStream*>(this);
    SslPtr ssl_;
    Endpoint peer_;
    Endpoint local_;
    Deadline deadline_ = no_deadline;
    Deadline armed_ = no_deadline;
    std::size_t octets_in_a_row_ = 0;
    bool established_ = false;
    bool failed_ = false;
    bool expired_ = false;
    bool closed_ = false;
};

}  // namespace

std::unique_ptr<Stream> make_socket_stream(UniqueFd fd) {
    return std::make_unique<SocketStream>(std::move(fd));
}

Task<Result<void>> Stream::write_one(std::string_view piece) {
    co_return co_await write(std::span(&piece, 1));
}

Task<Result<std::unique_ptr<Stream>>> connect(Endpoint endpoint, Deadline deadline) {
    BULLA_CO_TRY(address, make_socket_address(endpoint));
    BULLA_CO_TRY(fd, make_socket(address.family()));
    auto stream = std::make_unique<SocketStream>(std::move(fd));
    stream->set_deadline(deadline);
    BULLA_CO_CHECK(co_await stream->connect(std::move(endpoint)));
    co_return std::unique_ptr<Stream>(std::move(stream));
}

}  // namespace bulla::net
