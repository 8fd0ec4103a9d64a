#include "gateway/exits/smtp_exit.h"

#include "base/file.h"
#include "base/log.h"
#include "dns/answer.h"
#include "gateway/disposition.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

namespace bulla::gateway {

namespace {

using namespace std::chrono_literals;

constexpr auto idle_limit = 10s;
constexpr auto attempt_limit = 30min;
constexpr auto quit_limit = 5s;
constexpr std::size_t idle_a_destination = 20;
constexpr std::size_t read_size = 4096;
constexpr std::size_t max_addresses = 8;
// RFC 5321 4.5.3.1.8: "The minimum total number of recipients that MUST be buffered is 100 recipients."
constexpr std::size_t recipients_at_once = 100;
constexpr std::size_t max_password = 1024;

smtp::ClientTls to_client_tls(config::RouteTls tls) {
    switch (tls) {
        case config::RouteTls::none:
            return smtp::ClientTls::none;
        case config::RouteTls::opportunistic:
            return smtp::ClientTls::opportunistic;
        case config::RouteTls::required:
            return smtp::ClientTls::required;
    }
    return smtp::ClientTls::required;
}

// The TLS setting is part of the key, so that after a reload no connection made under an older rule is used.
std::string pool_key(const config::Route& route) {
    return fmt::format("{}|{}|{}|{}|{}",
                       route.name,
                       route.host,
                       route.port,
                       static_cast<int>(route.tls),
                       route.user);
}

queue::RecipientResult to_result(const smtp::Reply& reply) {
    queue::RecipientResult result;
    result.outcome = reply.is_positive()    ? queue::Outcome::delivered
                     : reply.is_permanent() ? queue::Outcome::failed
                                            : queue::Outcome::deferred;
    const auto* fallback = reply.is_positive() ? "2.0.0" : reply.is_permanent() ? "5.0.0" : "4.0.0";
    result.status = reply.enhanced.empty() ? fallback : reply.enhanced;
    result.diagnostic = smtp::to_string(reply);
    result.remote = true;
    return result;
}

queue::DeliveryReport cannot_reach(const queue::Delivery& delivery,
                                   const config::Route& route,
                                   const Error& error) {
    auto report = make_report(delivery,
                              {.outcome = queue::Outcome::deferred,
                               .status = std::string(decide_disposition(error).enhanced),
                               .diagnostic = error.text});
    report.remote_mta = route.host;
    report.host_failed = true;
    return report;
}

net::Task<void> say_goodbye(std::unique_ptr<SmtpClient> client) {
    client->session.quit();
    client->stream->set_deadline(net::after(quit_limit));
    if (client->session.next() == smtp::ClientEvent::write) {
        // What comes of it changes nothing: the connection is given up either way.
        static_cast<void>(co_await client->stream->write(client->session.output()));
    }
    client->stream->close();
}

Result<std::optional<smtp::Credentials>> load_credentials(const config::Route& route) {
    if (route.user.empty()) {
        return std::optional<smtp::Credentials>{};
    }
    BULLA_TRY(password,
              load_secret_file(route.password_file, max_password, FileAccess::owner_only));
    auto text = password.view();
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) {
        text.remove_suffix(1);
    }
    return std::optional<smtp::Credentials>{
        smtp::Credentials{.login = route.user, .password = SecretBytes(std::string(text))}};
}

}  // namespace

SmtpExit::SmtpExit(const net::Runtime& runtime,
                   const directory::SnapshotHolder& snapshots,
                   net::Resolver* resolver)
    : snapshots_(snapshots), resolver_(resolver), pools_(runtime.io_threads()) {
    if (auto context = net::TlsContext::make_client(net::TlsVerify::none)) {
        any_certificate_ = *context;
    }
    if (auto context = net::TlsContext::make_client(net::TlsVerify::name)) {
        checked_certificate_ = *context;
    } else {
        log::error("exit.no_ca", {{"reason", context.error().text}});
    }
}

SmtpExit::~SmtpExit() = default;

std::unique_ptr<SmtpClient> SmtpExit::take_idle(const std::string& key) {
    auto& pool = pools_[net::Runtime::thread_index()];
    const auto found = pool.find(key);
    if (found == pool.end()) {
        return nullptr;
    }
    while (!found->second.empty()) {
        auto client = std::move(found->second.back());
        found->second.pop_back();
        if (!client->stream->is_stale() && net::after(0s) - client->idle_since < idle_limit) {
            return client;
        }
        client->stream->close();
    }
    return nullptr;
}

void SmtpExit::keep(const std::string& key, std::unique_ptr<SmtpClient> client) {
    auto& idle = pools_[net::Runtime::thread_index()][key];
    if (idle.size() >= idle_a_destination) {
        net::Runtime::spawn_here(say_goodbye(std::move(client)), "smtp_exit");
        return;
    }
    client->idle_since = net::after(0s);
    client->stream->set_deadline(net::no_deadline);
    idle.push_back(std::move(client));
}

void SmtpExit::close_idle() {
    auto& pool = pools_[net::Runtime::thread_index()];
    const auto now = net::after(0s);
    for (auto& [key, idle] : pool) {
        const auto fresh = std::ranges::find_if(
            idle, [&](const auto& client) { return now - client->idle_since < idle_limit; });
        for (auto client = idle.begin(); client != fresh; ++client) {
            net::Runtime::spawn_here(say_goodbye(std::move(*client)), "smtp_exit");
        }
        idle.erase(idle.begin(), fresh);
    }
    std::erase_if(pool, [](const auto& entry) { return entry.second.empty(); });
}

net::Task<Result<std::unique_ptr<net::Stream>>> SmtpExit::connect(const config::Route& route) {
    const auto deadline =
        net::after(std::chrono::seconds(snapshots_.current()->config.retry.connect_seconds));
    std::vector<Ip> addresses;
    if (auto ip = Ip::parse(route.host)) {
        addresses.push_back(*ip);
    } else if (route.host == "localhost") {
        // RFC 6761 6.3: "Name resolution APIs and libraries SHOULD recognize localhost names as special and SHOULD always return the IP
        // loopback address for address queries"
        addresses = {Ip::parse("127.0.0.1").value(), Ip::parse("::1").value()};
    } else if (resolver_ != nullptr) {
        for (const auto type : {dns::RecordType::aaaa, dns::RecordType::a}) {
            const auto answer = co_await resolver_->ask({.type = type, .name = route.host});
            for (const auto& record : answer.records) {
                if (auto address = dns::parse_address(record);
                    address && addresses.size() < max_addresses) {
                    addresses.push_back(*address);
                }
            }
        }
    }
    auto last = fail("net.unreachable",
                     Fault::temporary,
                     fmt::format("the next hop {} has no address in the DNS", route.host));
    for (const auto& address : addresses) {
        auto stream = co_await net::connect({.ip = address, .port = route.port}, deadline);
        if (stream) {
            co_return std::move(*stream);
        }
        last = std::unexpected(std::move(stream).error());
    }
    co_return last;
}

net::Task<smtp::ClientEvent> SmtpExit::drive(SmtpClient& client, const config::Route& route) {
    const auto step = std::chrono::seconds(snapshots_.current()->config.retry.reply_seconds);
    const auto lose = [&](const Error& error) {
        client.session.lost(
            {451, "4.4.2", fmt::format("connection to {} lost: {}", route.host, error.text)});
        client.stream->close();
    };
    std::array<char, read_size> buffer;
    while (true) {
        const auto event = client.session.next();
        client.stream->set_deadline(std::min(net::after(step), client.ends));
        switch (event) {
            case smtp::ClientEvent::write:
                if (auto wrote = co_await client.stream->write(client.session.output()); wrote) {
                    client.session.wrote();
                } else {
                    lose(wrote.error());
                }
                break;
            case smtp::ClientEvent::need_input:
                if (auto got = co_await client.stream->read_some(buffer); !got) {
                    lose(got.error());
                } else if (*got == 0) {
                    lose({.code = "net.reset", .text = "the server closed it"});
                } else {
                    client.session.receive({buffer.data(), *got});
                }
                break;
            case smtp::ClientEvent::start_tls: {
                const auto& context = route.tls == config::RouteTls::required ? checked_certificate_
                                                                              : any_certificate_;
                Result<void> shaken =
                    fail("tls.no_context", Fault::us, "TLS cannot be used here: see the log");
                if (context) {
                    shaken = co_await client.stream->start_tls_client(*context, route.host);
                }
                if (shaken) {
                    client.session.start_tls_done();
                } else {
                    client.tls_failed = true;
                    lose(shaken.error());
                }
                break;
            }
            case smtp::ClientEvent::ready:
            case smtp::ClientEvent::done:
            case smtp::ClientEvent::closed:
                co_return event;
        }
    }
}

net::Task<Result<std::unique_ptr<SmtpClient>>> SmtpExit::open_with(const config::Route& route,
                                                                   smtp::ClientTls tls) {
    auto credentials = load_credentials(route);
    if (!credentials) {
        co_return std::unexpected(std::move(credentials).error());
    }
    auto stream = co_await connect(route);
    if (!stream) {
        co_return std::unexpected(std::move(stream).error());
    }
    smtp::ClientOptions options;
    options.helo = snapshots_.current()->config.hostname;
    options.tls = tls;
    options.credentials = std::move(*credentials);
    options.auth_in_clear = (*stream)->peer().is_loopback();
    std::unique_ptr<SmtpClient> client(
        new SmtpClient{.stream = std::move(*stream),
                       .session = smtp::ClientSession(std::move(options)),
                       .idle_since = {},
                       .ends = net::after(attempt_limit)});
    if (co_await drive(*client, route) == smtp::ClientEvent::ready) {
        co_return std::move(client);
    }
    const auto& failure = client->session.failure();
    const auto text = failure ? smtp::to_string(failure->reply) : "the session ended at once";
    if (client->tls_failed) {
        co_return fail("exit.tls_required", Fault::temporary, text);
    }
    co_return fail("exit.refused", Fault::temporary, fmt::format("{} said: {}", route.host, text));
}

net::Task<Result<std::unique_ptr<SmtpClient>>> SmtpExit::open(const config::Route& route) {
    auto client = co_await open_with(route, to_client_tls(route.tls));
    // RFC 7435 1.2: opportunistic security falls back to what would have been without it.
    if (!client && client.error().code == "exit.tls_required" &&
        route.tls == config::RouteTls::opportunistic) {
        log::warning("exit.tls_failed", {{"host", route.host}, {"reason", client.error().text}});
        client = co_await open_with(route, smtp::ClientTls::none);
    }
    co_return client;
}

net::Task<queue::DeliveryReport> SmtpExit::hand_over(SmtpClient& client,
                                                     const queue::Delivery& delivery,
                                                     const config::Route& route) {
    queue::DeliveryReport report;
    report.remote_mta = route.host;
    const auto& recipients = delivery.payload.recipients;
    while (report.recipients.size() < recipients.size()) {
        const auto left = std::span(recipients).subspan(report.recipients.size());
        co_await hand_over_some(
            client, delivery, left.first(std::min(left.size(), recipients_at_once)), report, route);
        if (co_await drive(client, route) != smtp::ClientEvent::ready) {
            break;
        }
    }
    // A connection that broke between two transactions leaves the rest for the next attempt.
    report.recipients.resize(
        recipients.size(),
        {.outcome = queue::Outcome::deferred,
         .status = "4.4.2",
         .diagnostic = "the connection was lost before this recipient's turn"});
    report.dsn_passed_on = client.session.capabilities().dsn;
    co_return report;
}

net::Task<void> SmtpExit::hand_over_some(SmtpClient& client,
                                         const queue::Delivery& delivery,
                                         std::span<const mail::Recipient> recipients,
                                         queue::DeliveryReport& report,
                                         const config::Route& route) {
    smtp::Outgoing outgoing;
    outgoing.from = delivery.payload.from;
    outgoing.recipients.assign(recipients.begin(), recipients.end());
    outgoing.pieces = {delivery.payload.prefix, *delivery.bytes};
    outgoing.eight_bit = delivery.payload.eight_bit;
    outgoing.smtputf8 = delivery.payload.smtputf8;
    outgoing.ret = delivery.payload.ret;
    outgoing.envid = delivery.payload.envid;
    client.session.send(std::move(outgoing));
    // The results are there at `done`, and after a loss at `closed`.
    static_cast<void>(co_await drive(client, route));
    for (const auto& reply : client.session.results()) {
        report.recipients.push_back(to_result(reply));
    }
}

net::Task<queue::DeliveryReport> SmtpExit::deliver(const queue::Delivery& delivery,
                                                   const config::Route& route) {
    const auto key = pool_key(route);
    auto client = take_idle(key);
    if (!client) {
        auto opened = co_await open(route);
        if (!opened) {
            co_return cannot_reach(delivery, route, opened.error());
        }
        client = std::move(*opened);
    }
    client->ends = net::after(attempt_limit);
    auto report = co_await hand_over(*client, delivery, route);
    if (co_await drive(*client, route) == smtp::ClientEvent::ready) {
        keep(key, std::move(client));
    }
    co_return report;
}

}  // namespace bulla::gateway
