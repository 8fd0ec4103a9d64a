#pragma once
#include "dns/answer.h"
#include "spf/check.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What the tests and the fuzz target of this folder share: a DNS in memory.

namespace bulla::spf {

inline std::string lower_case(std::string text) {
    for (char& c : text) {
        c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return text;
}

/// A name in uncompressed wire form; whatever stands between dots is a label.
inline std::string wire_name(std::string_view name) {
    std::string wire;
    if (name.ends_with('.')) {
        name.remove_suffix(1);
    }
    while (!name.empty()) {
        const std::string_view label = name.substr(0, name.find('.'));
        wire.push_back(static_cast<char>(label.size()));
        wire.append(label);
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    return wire + '\0';
}

/// Names and their records; what is not there does not exist.
class Zone {
  public:
    Zone& add(dns::RecordType type, const std::string& name, std::string rdata) {
        names_[lower_case(name)].records[type].push_back(std::move(rdata));
        return *this;
    }

    Zone& txt(const std::string& name, std::string_view text) {
        return add(dns::RecordType::txt, name, dns::write_txt(text));
    }

    Zone& address(const std::string& name, std::string_view text) {
        const Ip ip = Ip::parse(text).value();
        const std::string bytes(ip.bytes().begin(), ip.bytes().end());
        return ip.is_v4() ? add(dns::RecordType::a, name, bytes.substr(12))
                          : add(dns::RecordType::aaaa, name, bytes);
    }

    Zone& mx(const std::string& name, unsigned preference, const std::string& exchange) {
        return add(dns::RecordType::mx,
                   name,
                   std::string{static_cast<char>(preference >> 8U),
                               static_cast<char>(preference & 0xFFU)} +
                       wire_name(exchange));
    }

    Zone& ptr(std::string_view ip, const std::string& name) {
        return add(dns::RecordType::ptr, dns::reverse_name(Ip::parse(ip).value()), wire_name(name));
    }

    /// The name is an alias of `target`.
    Zone& cname(const std::string& name, const std::string& target) {
        names_[lower_case(name)].alias = lower_case(target);
        return *this;
    }

    /// What is not known of `name` is answered with `rcode`.
    Zone& failure(const std::string& name, dns::Rcode rcode = dns::Rcode::unreachable) {
        names_[lower_case(name)].rcode = rcode;
        return *this;
    }

    Zone& bogus(const std::string& name) {
        names_[lower_case(name)].security = dns::Security::bogus;
        return *this;
    }

    [[nodiscard]] dns::DnsAnswer answer(const dns::DnsQuestion& question) const {
        dns::DnsAnswer answer{.type = question.type,
                              .name = question.name,
                              .rcode = dns::Rcode::name_error,
                              .ttl = std::chrono::seconds(300),
                              .records = {}};
        std::string name = question.name;
        for (int aliases = 0; aliases < 8; ++aliases) {
            const auto found = names_.find(name);
            if (found == names_.end()) {
                return answer;
            }
            const Node& node = found->second;
            answer.security = node.security;
            if (const auto records = node.records.find(question.type);
                records != node.records.end()) {
                answer.rcode = dns::Rcode::no_error;
                answer.records = records->second;
                return answer;
            }
            if (node.alias.empty()) {
                answer.rcode = node.rcode;
                return answer;
            }
            name = node.alias;
        }
        answer.rcode = dns::Rcode::server_failure;  // a loop of aliases
        return answer;
    }

  private:
    struct Node {
        std::map<dns::RecordType, std::vector<std::string>> records = {};
        std::string alias = {};
        dns::Rcode rcode = dns::Rcode::no_error;
        dns::Security security = dns::Security::insecure;
    };

    std::map<std::string, Node> names_;
};

/// What a check took.
struct Run {
    CheckResult result;
    std::size_t rounds = 0;
    std::vector<dns::DnsAnswer> answers = {};  ///< All that were asked for.
};

/// Checks with `zone` as the whole DNS; with `reversed`, later answers stand before earlier ones.
inline Run run_check(const Check& check, const Zone& zone, bool reversed = false) {
    Run run;
    while (true) {
        auto step = check.evaluate(run.answers);
        if (auto* const result = std::get_if<CheckResult>(&step)) {
            run.result = std::move(*result);
            return run;
        }
        ++run.rounds;
        for (const dns::DnsQuestion& question : std::get<Check::Questions>(step)) {
            run.answers.insert(reversed ? run.answers.begin() : run.answers.end(),
                               zone.answer(question));
        }
    }
}

/// joe@example.com, from `ip`.
inline Client client(std::string_view ip = "192.0.2.1") {
    return {.ip = Ip::parse(ip).value(),
            .helo = "mail.example.com",
            .sender = "joe@example.com",
            .receiver = "in.example.net",
            .now = from_unix(1'700'000'000)};
}

/// The result of the MAIL FROM identity with `zone` as the whole DNS.
inline CheckResult check(const Zone& zone,
                         const Client& who = client(),
                         const Limits& limits = {}) {
    return run_check(Check(who, Identity::mail_from, limits), zone).result;
}

inline Zone with_record(std::string_view text) {
    return Zone().txt("example.com", text);
}

inline std::string number(std::size_t n) {
    return std::to_string(n);
}

}  // namespace bulla::spf
