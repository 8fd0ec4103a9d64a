#include "qmail/lookup.h"

#include "names/ip.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <charconv>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>

namespace bulla::qmail {

namespace {

constexpr std::size_t longest_answer = 65536;
constexpr int seconds_a_try = 3;
constexpr int tries = 2;

/// The state of the C library's resolver.
class Resolver {
  public:
    Resolver() = default;
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    ~Resolver() {
        if (open_) {
            res_nclose(&state_);
        }
    }

    Result<void> open(const std::string& resolver) {
        if (res_ninit(&state_) != 0) {
            return fail("qmail.bad_resolver", Fault::us, "/etc/resolv.conf cannot be read");
        }
        open_ = true;
        state_.retrans = seconds_a_try;
        state_.retry = tries;
        state_.options |= RES_USE_EDNS0;
        return resolver.empty() ? Result<void>{} : use(resolver);
    }

    dns::DnsAnswer ask(const dns::DnsQuestion& question) {
        dns::DnsAnswer answer{.type = question.type, .name = question.name, .records = {}};
        std::vector<unsigned char> buffer(longest_answer);
        const int size = res_nquery(&state_,
                                    question.name.c_str(),
                                    ns_c_in,
                                    static_cast<int>(question.type),
                                    buffer.data(),
                                    static_cast<int>(buffer.size()));
        if (size >= 0) {
            read(std::span(buffer).first(static_cast<std::size_t>(size)), answer);
        } else if (state_.res_h_errno == HOST_NOT_FOUND) {
            answer.rcode = dns::Rcode::name_error;
        } else if (state_.res_h_errno == NO_DATA) {
            answer.rcode = dns::Rcode::no_error;
        } else {
            answer.rcode = dns::Rcode::server_failure;
        }
        return answer;
    }

  private:
    Result<void> use(const std::string& resolver) {
        const auto colon = resolver.rfind(':');
        const auto ip = Ip::parse(resolver.substr(0, colon));
        std::uint16_t port = 53;
        if (colon != std::string::npos) {
            const char* end = resolver.data() + resolver.size();
            const auto [at, error] = std::from_chars(resolver.data() + colon + 1, end, port);
            if (error != std::errc{} || at != end) {
                port = 0;
            }
        }
        sockaddr_in address{};
        if (!ip || !ip->is_v4() || port == 0 ||
            inet_pton(AF_INET, ip->text().c_str(), &address.sin_addr) != 1) {
            return fail("qmail.bad_resolver",
                        Fault::sender,
                        fmt::format("{} is not IPV4:PORT of a resolver", resolver));
        }
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        state_.nscount = 1;
        state_.nsaddr_list[0] = address;
        return {};
    }

    static void read(std::span<const unsigned char> message, dns::DnsAnswer& answer) {
        ns_msg handle{};
        answer.rcode = dns::Rcode::server_failure;
        if (ns_initparse(message.data(), static_cast<int>(message.size()), &handle) != 0) {
            return;
        }
        for (int i = 0; i < ns_msg_count(handle, ns_s_an); ++i) {
            ns_rr record{};
            if (ns_parserr(&handle, ns_s_an, i, &record) != 0) {
                answer.records.clear();
                return;
            }
            // What stands at the end of a chain of aliases is meant, whatever name it has.
            if (static_cast<int>(ns_rr_type(record)) == static_cast<int>(answer.type)) {
                answer.records.emplace_back(reinterpret_cast<const char*>(ns_rr_rdata(record)),
                                            ns_rr_rdlen(record));
            }
        }
        answer.rcode = dns::Rcode::no_error;
    }

    struct __res_state state_{};
    bool open_ = false;
};

}  // namespace

Result<std::vector<dns::DnsAnswer>> look_up(std::span<const dns::DnsQuestion> questions,
                                            const std::string& resolver) {
    std::vector<dns::DnsAnswer> answers;
    if (questions.empty()) {
        return answers;
    }
    Resolver resolvers;
    BULLA_CHECK(resolvers.open(resolver));
    for (const auto& question : questions) {
        answers.push_back(resolvers.ask(question));
    }
    return answers;
}

}  // namespace bulla::qmail
