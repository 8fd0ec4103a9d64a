#include "net/resolver.h"

#include "net/runtime.h"
#include "net/socket.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <fmt/format.h>
#include <functional>
#include <future>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <thread>
#include <unbound.h>
#include <unordered_map>

namespace bulla::net {

namespace {

constexpr std::size_t max_records = 256;
constexpr std::size_t max_record_bytes = 65535;

constexpr int not_asked = -1;  // no id of libunbound's

using Callback = std::function<void(dns::DnsAnswer)>;

struct Question {
    dns::DnsAnswer answer;  // filled in as far as the question goes
    Callback callback;
    Deadline until;
    int async_id = not_asked;
};

struct ContextFree {
    void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
};

struct ResultFree {
    void operator()(ub_result* result) const { ub_resolve_free(result); }
};

using ContextPtr = std::unique_ptr<ub_ctx, ContextFree>;

dns::Rcode rcode_of(int rcode) {
    switch (rcode) {
        case 0:
            return dns::Rcode::no_error;
        case 2:
            return dns::Rcode::server_failure;
        case 3:
            return dns::Rcode::name_error;
        case 5:
            return dns::Rcode::refused;
        default:
            return dns::Rcode::other_failure;
    }
}

void fill(dns::DnsAnswer& answer, const ub_result& result) {
    answer.rcode = rcode_of(result.rcode);
    // A bogus answer still carries data: the flag is read before the records.
    if (result.bogus != 0) {
        answer.security = dns::Security::bogus;
        return;
    }
    answer.security = result.secure != 0 ? dns::Security::secure : dns::Security::insecure;
    answer.ttl = std::chrono::seconds(std::max(0, result.ttl));
    for (std::size_t i = 0; result.data != nullptr && result.data[i] != nullptr && i < max_records;
         ++i) {
        const auto size = static_cast<std::size_t>(std::max(0, result.len[i]));
        if (size <= max_record_bytes) {
            answer.records.emplace_back(result.data[i], size);
        }
    }
}

std::unexpected<Error> resolver_error(std::string_view what, int code) {
    return fail("net.resolver",
                Fault::us,
                fmt::format("the resolver cannot be set up: {}: {}", what, ub_strerror(code)));
}

/// libunbound's way to write a server on a port: "192.0.2.1@5353".
std::string forwarder_text(const Endpoint& endpoint) {
    return fmt::format("{}@{}", endpoint.ip.text(), endpoint.port);
}

Result<void> configure(ub_ctx* context, const ResolverOptions& options) {
    constexpr std::array<std::pair<const char*, const char*>, 5> settings{
        {{"do-not-query-localhost:", "no"},
         {"module-config:", nullptr},
         {"outgoing-range:", "512"},
         {"unblock-lan-zones:", "yes"},
         {"msg-cache-size:", "2m"}}};
    const bool validate = !options.trust_anchors.empty() || !options.anchor_file.empty();
    for (const auto& [name, value] : settings) {
        const char* chosen =
            value != nullptr ? value : (validate ? "validator iterator" : "iterator");
        if (const int code = ub_ctx_set_option(context, name, chosen); code != 0) {
            return resolver_error(name, code);
        }
    }
    const int server = options.forwarder
                           ? ub_ctx_set_fwd(context, forwarder_text(*options.forwarder).c_str())
                           : ub_ctx_resolvconf(context, nullptr);
    if (server != 0) {
        return resolver_error(options.forwarder ? "the server to ask" : "/etc/resolv.conf", server);
    }
    if (const int code = options.forwarder ? 0 : ub_ctx_hosts(context, nullptr); code != 0) {
        return resolver_error("/etc/hosts", code);
    }
    for (const auto& anchor : options.trust_anchors) {
        if (const int code = ub_ctx_add_ta(context, anchor.c_str()); code != 0) {
            return resolver_error("trust anchor", code);
        }
    }
    if (const int code = options.anchor_file.empty()
                             ? 0
                             : ub_ctx_add_ta_file(context, options.anchor_file.c_str());
        code != 0) {
        return resolver_error(options.anchor_file, code);
    }
    // RFC 6761 6.2 lets a resolver answer for "test." itself; whoever names a server wants to hear that server.
    if (options.forwarder) {
        for (const char* zone : {"test.", "invalid.", "onion.", "home.arpa."}) {
            if (const int code = ub_ctx_zone_remove(context, zone); code != 0) {
                return resolver_error(zone, code);
            }
        }
    }
    return {};
}

Result<void> use_threads(ub_ctx* context) {
    // A thread instead of a forked process: what is forked would keep our descriptors.
    if (const int code = ub_ctx_async(context, 1); code != 0) {
        return resolver_error("threads", code);
    }
    return {};
}

}  // namespace

// One thread waits for answers and for the time-outs; it starts with the first question. The lock is not held while callbacks run.
struct Resolver::Impl {
    /// What libunbound gives back: which question of which resolver.
    struct Handle {
        Impl* impl;
        std::uint64_t number;
    };

    ResolverOptions options;
    ContextPtr context;
    UniqueFd wake;
    std::mutex mutex;
    std::unordered_map<std::uint64_t, Question> waiting;
    std::unordered_map<std::uint64_t, std::unique_ptr<Handle>> handles;
    std::uint64_t next = 1;
    bool stopping = false;
    std::thread thread;

    /// What to give libunbound for `question`, which then waits here; null, and `question` as it was, if too many do.
    Handle* enlist(Question& question) {
        const std::scoped_lock lock(mutex);
        if (waiting.size() >= options.max_waiting || stopping) {
            return nullptr;
        }
        const auto number = next++;
        waiting.emplace(number, std::move(question));
        if (!thread.joinable()) {
            thread = std::thread([this] { run(); });
        }
        return handles.emplace(number, std::make_unique<Handle>(this, number)).first->second.get();
    }

    void ask(const dns::DnsQuestion& question, Deadline until, Callback callback) {
        Question asked{
            .answer = {.type = question.type, .name = question.name, .records = {}},
            .callback = std::move(callback),
            .until = std::min(until, std::chrono::steady_clock::now() + options.timeout)};
        Handle* handle = enlist(asked);
        if (handle == nullptr) {
            asked.callback(std::move(asked.answer));
            return;
        }
        const auto number = handle->number;
        int async_id = 0;
        const int code = ub_resolve_async(context.get(),
                                          question.name.c_str(),
                                          static_cast<int>(question.type),
                                          1,
                                          handle,
                                          on_answer,
                                          &async_id);
        if (code != 0) {
            finish(number, nullptr);
        } else {
            const std::scoped_lock lock(mutex);
            if (const auto found = waiting.find(number); found != waiting.end()) {
                found->second.async_id = async_id;
            }
        }
        const std::uint64_t one = 1;
        (void)!::write(wake.get(), &one, sizeof one);
    }

    static void on_answer(void* data, int code, ub_result* raw) {
        const std::unique_ptr<ub_result, ResultFree> result(raw);
        const auto* handle = static_cast<const Handle*>(data);
        handle->impl->finish(handle->number, code == 0 ? result.get() : nullptr);
    }

    /// Answers question `number`, if it still waits.
    void finish(std::uint64_t number, const ub_result* result) {
        std::unique_lock lock(mutex);
        auto node = waiting.extract(number);
        lock.unlock();
        if (node) {
            if (result != nullptr) {
                fill(node.mapped().answer, *result);
            }
            node.mapped().callback(std::move(node.mapped().answer));
        }
        lock.lock();
        handles.erase(number);
    }

    /// Answers those whose time is over; gives the milliseconds until the next one, -1 if none waits.
    int expire() {
        const auto now = std::chrono::steady_clock::now();
        std::vector<std::pair<std::uint64_t, int>> late;
        auto first = no_deadline;
        {
            const std::scoped_lock lock(mutex);
            for (const auto& [number, question] : waiting) {
                if (question.async_id == not_asked) {
                    continue;  // its asker wakes this thread again
                }
                if (question.until <= now || stopping) {
                    late.emplace_back(number, question.async_id);
                } else {
                    first = std::min(first, question.until);
                }
            }
        }
        for (const auto& [number, async_id] : late) {
            (void)ub_cancel(context.get(), async_id);
            finish(number, nullptr);
        }
        if (first == no_deadline) {
            return -1;
        }
        return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(first - now).count());
    }

    void run() {
        while (true) {
            const int timeout = expire();
            {
                const std::scoped_lock lock(mutex);
                if (stopping) {
                    return;
                }
            }
            std::array<pollfd, 2> wanted{
                {{ub_fd(context.get()), POLLIN, 0}, {wake.get(), POLLIN, 0}}};
            (void)::poll(wanted.data(), wanted.size(), timeout);
            std::uint64_t count = 0;
            (void)!::read(wake.get(), &count, sizeof count);
            (void)ub_process(context.get());
        }
    }

    void stop() {
        {
            const std::scoped_lock lock(mutex);
            stopping = true;
        }
        const std::uint64_t one = 1;
        (void)!::write(wake.get(), &one, sizeof one);
        if (thread.joinable()) {
            thread.join();
        }
    }
};

Resolver::Resolver(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Resolver::~Resolver() {
    impl_->stop();
}

Result<std::unique_ptr<Resolver>> Resolver::open(const ResolverOptions& options) {
    auto impl = std::make_unique<Impl>();
    impl->options = options;
    impl->context.reset(ub_ctx_create());
    impl->wake = UniqueFd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
    if (!impl->context || !impl->wake) {
        return fail("net.resolver",
                    Fault::us,
                    "the resolver cannot be set up: out of memory or descriptors");
    }
    BULLA_CHECK(use_threads(impl->context.get()));
    BULLA_CHECK(configure(impl->context.get(), options));
    return std::unique_ptr<Resolver>(new Resolver(
        std::move(impl)));  // NOLINT(cppcoreguidelines-owning-memory): the constructor is private
}

Task<dns::DnsAnswer> Resolver::ask(dns::DnsQuestion question, Deadline until) {
    auto start = [this, question = std::move(question), until](Callback done) {
        impl_->ask(question, until, std::move(done));
    };
    return async<dns::DnsAnswer>(std::move(start));
}

dns::DnsAnswer Resolver::ask_blocking(const dns::DnsQuestion& question) {
    const auto promise = std::make_shared<std::promise<dns::DnsAnswer>>();
    auto future = promise->get_future();
    impl_->ask(question, no_deadline, [promise](dns::DnsAnswer answer) {
        promise->set_value(std::move(answer));
    });
    return future.get();
}

}  // namespace bulla::net
