#pragma once
#include "dnsupdate/request.h"
#include "dnsupdate/updater.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <ldns/ldns.h>
#include <map>
#include <string>
#include <vector>

/// A name server that the tests hold in memory; libldns reads, verifies and signs for it, so that our own code is judged by another's.
namespace bulla::dnsupdate::testing {

inline const std::string secret_text = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
inline const std::string other_secret = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZVg=";

inline TsigKey make_key(const std::string& algorithm = "hmac-sha256",
                        const std::string& name = "upd.example.org") {
    return parse_key(algorithm + ":" + name + ":" + secret_text).value();
}

/// How the answers are to be wrong.
struct Wrong {
    int code = -1;  ///< This response code.
    bool without_tsig = false;
    bool id = false;
    bool truncated = false;
    bool is_question = false;
    std::string secret{};     ///< Signed with this one.
    std::string key_name{};   ///< In this key's name.
    std::string algorithm{};  ///< With this one, in wire form with a dot.
};

class Server {
  public:
    explicit Server(std::string algorithm = "hmac-sha256") : algorithm_(std::move(algorithm)) {}

    [[nodiscard]] Exchange exchange() {
        return [this](std::string_view request) -> Result<std::string> { return answer(request); };
    }

    [[nodiscard]] std::string answer(std::string_view octets) {
        ++asked;
        std::string copy(octets);
        auto* const wire = reinterpret_cast<std::uint8_t*>(copy.data());
        ldns_pkt* request = nullptr;
        if (ldns_wire2pkt(&request, wire, copy.size()) != LDNS_STATUS_OK) {
            return "libldns cannot read it";
        }
        if (!ldns_pkt_tsig_verify(
                request, wire, copy.size(), "upd.example.org.", secret_text.c_str(), nullptr)) {
            ldns_pkt_free(request);
            return "libldns does not find the TSIG good";
        }
        ldns_pkt* out = make_answer(*request);
        ldns_rdf* const mac = ldns_rdf_clone(ldns_rr_rdf(ldns_pkt_tsig(request), 3));
        std::string text = sign(*out, *mac);
        ldns_rdf_deep_free(mac);
        ldns_pkt_free(out);
        ldns_pkt_free(request);
        return text;
    }

    std::map<std::string, std::vector<std::string>> texts{};  ///< By name with a dot at its end.
    std::map<std::string, std::uint32_t> ttls{};
    std::vector<std::string> cnames{};
    std::string zone = "example.org.";
    Wrong wrong{};
    int asked = 0;

  private:
    static std::string octets_of(const ldns_buffer& buffer) {
        const std::uint8_t* const begin = ldns_buffer_begin(&buffer);
        return {begin, begin + ldns_buffer_position(&buffer)};
    }

    static std::string name_of(const ldns_rr& record) {
        ldns_buffer* const buffer = ldns_buffer_new(LDNS_MAX_PACKETLEN);
        EXPECT_EQ(ldns_rdf2buffer_str(buffer, ldns_rr_owner(&record)), LDNS_STATUS_OK);
        std::string out = octets_of(*buffer);
        ldns_buffer_free(buffer);
        return out;
    }

    static std::string text_of(const ldns_rr& record) {
        std::string out;
        for (std::size_t i = 0; i < ldns_rr_rd_count(&record); ++i) {
            const ldns_rdf* part = ldns_rr_rdf(&record, i);
            out.append(ldns_rdf_data(part) + 1, ldns_rdf_data(part) + ldns_rdf_size(part));
        }
        return out;
    }

    bool is_there(const std::string& name, ldns_rr_type type) const {
        return type == LDNS_RR_TYPE_CNAME ? std::ranges::find(cnames, name) != cnames.end()
                                          : texts.contains(name);
    }

    int check(const ldns_rr_list& prerequisites) const {
        for (std::size_t i = 0; i < ldns_rr_list_rr_count(&prerequisites); ++i) {
            const ldns_rr& record = *ldns_rr_list_rr(&prerequisites, i);
            const std::string name = name_of(record);
            if (ldns_rr_get_class(&record) == LDNS_RR_CLASS_NONE) {
                if (is_there(name, ldns_rr_get_type(&record))) {
                    return 7;
                }
            } else if (!texts.contains(name) ||
                       texts.at(name) != std::vector<std::string>{text_of(record)}) {
                return 8;
            }
        }
        return 0;
    }

    void apply(const ldns_rr_list& changes) {
        for (std::size_t i = 0; i < ldns_rr_list_rr_count(&changes); ++i) {
            const ldns_rr& record = *ldns_rr_list_rr(&changes, i);
            const std::string name = name_of(record);
            if (ldns_rr_get_class(&record) == LDNS_RR_CLASS_NONE) {
                std::erase(texts[name], text_of(record));
                if (texts[name].empty()) {
                    texts.erase(name);
                }
            } else {
                texts[name].push_back(text_of(record));
                ttls[name] = ldns_rr_ttl(&record);
            }
        }
    }

    ldns_pkt* make_answer(const ldns_pkt& request) {
        ldns_pkt* out = ldns_pkt_new();
        const bool update = ldns_pkt_get_opcode(&request) == LDNS_PACKET_UPDATE;
        int code = wrong.code;
        if (update && code < 0) {
            code = check(*ldns_pkt_answer(&request));
            if (code == 0) {
                apply(*ldns_pkt_authority(&request));
            }
        }
        if (!update) {
            ldns_rr* soa = nullptr;
            const std::string line = zone + " 60 IN SOA ns. root. 1 60 60 60 60";
            if (ldns_rr_new_frm_str(&soa, line.c_str(), 0, nullptr, nullptr) == LDNS_STATUS_OK) {
                ldns_pkt_push_rr(out, LDNS_SECTION_AUTHORITY, soa);
            }
        }
        ldns_pkt_push_rr_list(out, LDNS_SECTION_QUESTION, ldns_pkt_question(&request));
        ldns_rr_list* const question = ldns_pkt_question(out);
        for (std::size_t i = 0; i < ldns_rr_list_rr_count(question); ++i) {
            ldns_rr_list_set_rr(question, ldns_rr_clone(ldns_rr_list_rr(question, i)), i);
        }
        ldns_pkt_set_opcode(out, ldns_pkt_get_opcode(&request));
        ldns_pkt_set_id(out,
                        static_cast<std::uint16_t>(ldns_pkt_id(&request) + (wrong.id ? 1 : 0)));
        ldns_pkt_set_qr(out, !wrong.is_question);
        ldns_pkt_set_tc(out, wrong.truncated);
        ldns_pkt_set_rcode(out, static_cast<std::uint8_t>(std::max(code, 0)));
        return out;
    }

    std::string sign(ldns_pkt& packet, const ldns_rdf& mac) const {
        if (!wrong.without_tsig) {
            const auto or_else = [](const std::string& one, const std::string& other) {
                return one.empty() ? other : one;
            };
            const auto done =
                ldns_pkt_tsig_sign(&packet,
                                   or_else(wrong.key_name, "upd.example.org.").c_str(),
                                   or_else(wrong.secret, secret_text).c_str(),
                                   300,
                                   or_else(wrong.algorithm, algorithm_ + ".").c_str(),
                                   &mac);
            if (done != LDNS_STATUS_OK) {
                return "libldns cannot sign";
            }
        }
        ldns_buffer* const buffer = ldns_buffer_new(LDNS_MAX_PACKETLEN);
        EXPECT_EQ(ldns_pkt2buffer_wire(buffer, &packet), LDNS_STATUS_OK);
        std::string out = octets_of(*buffer);
        ldns_buffer_free(buffer);
        return out;
    }

    std::string algorithm_;
};

}  // namespace bulla::dnsupdate::testing
