#include "dnsupdate/request.h"

#include "base/encoding.h"

#include <algorithm>
#include <fmt/format.h>
#include <ldns/ldns.h>
#include <memory>

namespace bulla::dnsupdate {
namespace {

constexpr std::uint16_t fudge = 300;
constexpr std::size_t longest_string = 255;

template <auto Free>
struct Freer {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};

using Packet = std::unique_ptr<ldns_pkt, Freer<ldns_pkt_free>>;
using Name = std::unique_ptr<ldns_rdf, Freer<ldns_rdf_deep_free>>;
using Records = std::unique_ptr<ldns_rr_list, Freer<ldns_rr_list_deep_free>>;
using Buffer = std::unique_ptr<ldns_buffer, Freer<ldns_buffer_free>>;

std::unexpected<Error> not_built(std::string_view what) {
    return fail("dnsupdate.not_built",
                Fault::us,
                fmt::format("the message to the name server could not be built: {}", what));
}

Name make_name(const DomainName& name) {
    return Name(ldns_dname_new_frm_str((name.ascii() + ".").c_str()));
}

/// A record without data, which in an UPDATE stands for a whole set of records.
void add_set(ldns_rr_list& list,
             const DomainName& name,
             ldns_rr_class rr_class,
             ldns_rr_type type) {
    ldns_rr* record = ldns_rr_new();
    ldns_rr_set_owner(record, make_name(name).release());
    ldns_rr_set_class(record, rr_class);
    ldns_rr_set_type(record, type);
    ldns_rr_set_ttl(record, 0);
    ldns_rr_list_push_rr(&list, record);
}

struct Text {
    ldns_rr_class rr_class = LDNS_RR_CLASS_IN;
    std::chrono::seconds ttl{0};
    std::string_view text;
};

/// A TXT record with `text` in strings of 255 octets.
void add_text(ldns_rr_list& list, const DomainName& name, const Text& text) {
    add_set(list, name, text.rr_class, LDNS_RR_TYPE_TXT);
    ldns_rr* record = ldns_rr_list_rr(&list, ldns_rr_list_rr_count(&list) - 1);
    ldns_rr_set_ttl(record, static_cast<std::uint32_t>(text.ttl.count()));
    std::string_view rest = text.text;
    do {
        const auto part = rest.substr(0, longest_string);
        rest.remove_prefix(part.size());
        std::string string(1, static_cast<char>(part.size()));
        string += part;
        ldns_rr_push_rdf(record,
                         ldns_rdf_new_frm_data(LDNS_RDF_TYPE_STR, string.size(), string.data()));
    } while (!rest.empty());
}

Records make_prerequisites(const TextUpdate& update) {
    Records out(ldns_rr_list_new());
    if (update.expected) {
        // RFC 2136 2.4.2: "A set of RRs with a specified NAME and TYPE exists and has the same members with the same RDATAs as the RRset
        // specified here in this section."
        add_text(*out, update.name, {.text = *update.expected});
    } else {
        // RFC 2136 2.4.3: "No RRs with a specified NAME and TYPE (in the zone and class denoted by the Zone Section) can exist."
        add_set(*out, update.name, LDNS_RR_CLASS_NONE, LDNS_RR_TYPE_TXT);
        // Section 3.4.2.2 would drop the new record beside a CNAME without a word.
        add_set(*out, update.name, LDNS_RR_CLASS_NONE, LDNS_RR_TYPE_CNAME);
    }
    return out;
}

Records make_changes(const TextUpdate& update) {
    Records out(ldns_rr_list_new());
    if (update.expected == update.wanted) {
        return out;
    }
    if (update.expected) {
        // Section 2.5.4: delete this very record.
        add_text(*out, update.name, {.rr_class = LDNS_RR_CLASS_NONE, .text = *update.expected});
    }
    if (update.wanted) {
        add_text(*out, update.name, {.ttl = update.ttl, .text = *update.wanted});
    }
    return out;
}

/// The MAC and the time of the packet's TSIG.
bool take_tsig(const ldns_pkt& packet, Request& request) {
    const ldns_rr* tsig = ldns_pkt_tsig(&packet);
    const ldns_rdf* time = tsig == nullptr ? nullptr : ldns_rr_rdf(tsig, 1);
    const ldns_rdf* mac = tsig == nullptr ? nullptr : ldns_rr_rdf(tsig, 3);
    if (time == nullptr || mac == nullptr || ldns_rdf_size(time) != 6 || ldns_rdf_size(mac) < 2) {
        return false;
    }
    for (std::size_t i = 0; i < 6; ++i) {
        request.time = request.time << 8U | ldns_rdf_data(time)[i];
    }
    // Its first two octets say how long it is.
    request.mac.assign(ldns_rdf_data(mac) + 2, ldns_rdf_data(mac) + ldns_rdf_size(mac));
    return true;
}

Result<Request> sign(ldns_pkt& packet, const TsigKey& key, std::uint16_t id) {
    ldns_pkt_set_id(&packet, id);
    ldns_pkt_set_rd(&packet, false);
    std::string secret = base64_encode(key.secret.view());
    const std::string algorithm = std::string(to_string(key.algorithm)) + ".";
    const auto status = ldns_pkt_tsig_sign(&packet,
                                           (key.name.ascii() + ".").c_str(),
                                           secret.c_str(),
                                           fudge,
                                           algorithm.c_str(),
                                           nullptr);
    wipe(secret.data(), secret.size());
    if (status != LDNS_STATUS_OK) {
        return not_built(ldns_get_errorstr_by_id(status));
    }
    Request out;
    const Buffer buffer(ldns_buffer_new(LDNS_MAX_PACKETLEN));
    const auto written = ldns_pkt2buffer_wire(buffer.get(), &packet);
    if (written != LDNS_STATUS_OK || !take_tsig(packet, out)) {
        return not_built(ldns_get_errorstr_by_id(written));
    }
    const std::uint8_t* const begin = ldns_buffer_begin(buffer.get());
    out.octets.assign(begin, begin + ldns_buffer_position(buffer.get()));
    return out;
}

}  // namespace

Result<Request> write_update(const TextUpdate& update, const TsigKey& key, std::uint16_t id) {
    const Records prerequisites = make_prerequisites(update);
    const Records changes = make_changes(update);
    const Packet packet(ldns_update_pkt_new(make_name(update.zone).release(),
                                            LDNS_RR_CLASS_IN,
                                            prerequisites.get(),
                                            changes.get(),
                                            nullptr));
    if (packet == nullptr) {
        return not_built("no memory");
    }
    return sign(*packet, key, id);
}

Result<Request> write_zone_question(const DomainName& name, const TsigKey& key, std::uint16_t id) {
    const Packet packet(
        ldns_pkt_query_new(make_name(name).release(), LDNS_RR_TYPE_SOA, LDNS_RR_CLASS_IN, 0));
    if (packet == nullptr) {
        return not_built("no memory");
    }
    return sign(*packet, key, id);
}

}  // namespace bulla::dnsupdate
