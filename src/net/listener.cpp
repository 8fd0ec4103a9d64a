#include "net/listener.h"

#include "base/log.h"
#include "base/system_text.h"
#include "net/io_thread.h"
#include "net/socket.h"
#include "net/socket_stream.h"

#include <boost/asio/posix/stream_descriptor.hpp>

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulla::net {

namespace {

// Out of descriptors or memory: the connection stays in the backlog meanwhile.
constexpr std::chrono::milliseconds accept_pause{100};

Task<void> serve_one(UniqueFd fd, std::shared_ptr<const Listener::Serve> serve) {
    set_no_delay(fd.get());
    co_await (*serve)(make_socket_stream(std::move(fd)));
}

std::unexpected<Error> bind_error(const Endpoint& endpoint, int code) {
    const auto text = fmt::format("cannot listen on {}: {}", endpoint.text(), system_text(code));
    if (code == EADDRINUSE) {
        return fail("net.in_use", Fault::us, text);
    }
    return fail(
        code == EACCES || code == EPERM ? "net.not_permitted" : "net.bind", Fault::us, text);
}

Result<void> set_options(int fd, const Endpoint& endpoint, int family) {
    const int on = 1;
    if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
        return bind_error(endpoint, errno);
    }
    const int only_v6 = endpoint.any ? 0 : 1;
    if (family == AF_INET6 &&
        ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only_v6, sizeof only_v6) != 0) {
        return bind_error(endpoint, errno);
    }
    return {};
}

/// Removes the socket file that a process left which is no more; one that answers is left alone.
void remove_dead_socket(const Endpoint& endpoint, SocketAddress& address) {
    struct stat status{};
    if (::lstat(endpoint.path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) {
        return;
    }
    const auto probe = make_socket(AF_UNIX);
    if (probe && ::connect(probe->get(), address.get(), address.size) != 0 &&
        errno == ECONNREFUSED) {
        (void)::unlink(endpoint.path.c_str());
    }
}

Result<UniqueFd> bind_socket(const Endpoint& endpoint, const ListenOptions& options) {
    BULLA_TRY(address, make_socket_address(endpoint));
    BULLA_TRY(fd, make_socket(address.family()));
    BULLA_CHECK(set_options(fd.get(), endpoint, address.family()));
    if (endpoint.is_unix()) {
        remove_dead_socket(endpoint, address);
    }
    if (::bind(fd.get(), address.get(), address.size) != 0) {
        return bind_error(endpoint, errno);
    }
    if (endpoint.is_unix()) {
        constexpr auto unchanged = static_cast<uid_t>(-1);
        if (::chmod(endpoint.path.c_str(), options.unix_mode) != 0 ||
            ::chown(endpoint.path.c_str(),
                    options.unix_owner.value_or(unchanged),
                    options.unix_group.value_or(unchanged)) != 0) {
            return bind_error(endpoint, errno);
        }
    }
    if (::listen(fd.get(), options.backlog) != 0) {
        return bind_error(endpoint, errno);
    }
    return std::move(fd);
}

}  // namespace

struct Listener::Impl {
    UniqueFd fd;
    Endpoint local;
    std::atomic<bool> closed = false;
    // Touched on the listening io thread alone, once serve() was called.
    std::atomic<IoThread*> thread = nullptr;  // null: not served, or not any more
    std::unique_ptr<asio::posix::stream_descriptor> descriptor;

    struct Readable {
        Impl& impl;

        [[nodiscard]] bool await_ready() const noexcept { return impl.closed; }

        void await_suspend(std::coroutine_handle<> waiting) const {
            impl.descriptor->async_wait(
                asio::posix::stream_descriptor::wait_read,
                [waiting](const boost::system::error_code&) { waiting.resume(); });
        }

        void await_resume() const noexcept {}
    };

    /// Ends the service: nothing of the io thread is touched after this.
    void leave() {
        thread = nullptr;
        descriptor.reset();
        fd = UniqueFd();
    }

    /// `leaving` calls leave() when the coroutine goes, even if it never began.
    static Task<void> accept_all(std::shared_ptr<Impl> impl,
                                 Runtime& runtime,
                                 std::shared_ptr<const Serve> serve,
                                 std::string name,
                                 [[maybe_unused]] std::shared_ptr<void> leaving) {
        while (!impl->closed) {
            UniqueFd accepted(
                ::accept4(impl->fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (accepted) {
                runtime.next_thread().spawn(serve_one(std::move(accepted), serve), name);
            } else if (errno == EAGAIN) {
                co_await Readable{*impl};
            } else if (errno != EINTR && errno != ECONNABORTED) {
                log::warning("net.accept_failed",
                             {{"listener", name}, {"why", system_text(errno)}});
                co_await sleep(accept_pause);
            }
        }
    }
};

Listener::Listener(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

Listener::Listener(Listener&&) noexcept = default;
Listener& Listener::operator=(Listener&&) noexcept = default;

Listener::~Listener() {
    if (impl_) {
        close();
    }
}

Result<Listener> Listener::bind(const Endpoint& endpoint, const ListenOptions& options) {
    BULLA_TRY(fd, bind_socket(endpoint, options));
    auto impl = std::make_shared<Impl>();
    SocketAddress address;
    if (::getsockname(fd.get(), address.get(), &address.size) != 0) {
        return bind_error(endpoint, errno);
    }
    impl->local = endpoint.is_unix() ? endpoint : make_endpoint(address);
    impl->local.any = endpoint.any;
    impl->fd = std::move(fd);
    return Listener(std::move(impl));
}

const Endpoint& Listener::local() const {
    return impl_->local;
}

void Listener::serve(Runtime& runtime, Serve serve, std::string name) {
    IoThread& thread = runtime.first_thread();
    impl_->thread = &thread;
    const int duplicate = ::fcntl(impl_->fd.get(), F_DUPFD_CLOEXEC, 0);
    impl_->descriptor = std::make_unique<asio::posix::stream_descriptor>(thread.context, duplicate);
    auto shared = std::make_shared<const Serve>(std::move(serve));
    auto task_name = name;
    const std::shared_ptr<void> leaving(nullptr, [impl = impl_](void*) { impl->leave(); });
    thread.spawn(Impl::accept_all(impl_, runtime, std::move(shared), std::move(name), leaving),
                 std::move(task_name));
}

void Listener::close() {
    // Looked at first: the service itself ends, and forgets its thread, once `closed` is set.
    IoThread* thread = impl_->thread;
    if (impl_->closed.exchange(true)) {
        return;
    }
    if (thread == nullptr) {
        impl_->fd = UniqueFd();
        return;
    }
    detail::post_to(thread, [impl = impl_] {
        if (impl->descriptor) {
            impl->descriptor->cancel();
        }
    });
}

}  // namespace bulla::net
