#include "dkim/signed_bytes.h"

#include "dkim/canon.h"

namespace bulla::dkim {

FieldList::FieldList(const mail::Message& message) {
    fields_.reserve(message.fields().size());
    add(message);
}

FieldList::FieldList(const mail::Message& added, const mail::Message& message) {
    fields_.reserve(added.fields().size() + message.fields().size());
    add(added);
    add(message);
}

void FieldList::add(const mail::Message& message) {
    for (const mail::FieldSpan& span : message.fields()) {
        fields_.push_back({.name = message.name(span), .whole = message.field(span)});
    }
}

void FieldList::append_picked(std::string& out,
                              Canon canon,
                              const std::vector<std::string_view>& names) const {
    std::vector<bool> picked(fields_.size());
    for (const std::string_view name : names) {
        // RFC 6376 5.4.2: "Signers choosing to sign an existing header field that occurs more than once in the message (such as Received)
        // MUST sign the physically last instance of that header field in the header block."
        for (std::size_t i = fields_.size(); i-- > 0;) {
            if (is_same_name(fields_[i].name, name) && !picked[i]) {
                picked[i] = true;
                append_canonical_field(out, canon, fields_[i].whole);
                break;
            }
        }
    }
}

crypto::Sha256 digest_header(const FieldList& fields,
                             const Signature& signature,
                             std::string_view field) {
    std::string bytes;
    bytes.reserve(4096);
    fields.append_picked(bytes, signature.canon.header, signature.headers);
    // RFC 6376 3.7: "with the value of the 'b=' tag (including all surrounding whitespace) deleted (i.e., treated as the empty string)"
    std::string own(field.substr(0, signature.value_begin));
    own.append(field.substr(signature.value_end));
    append_canonical_field(bytes, signature.canon.header, own);
    bytes.resize(bytes.size() - 2);
    return crypto::sha256(bytes);
}

}  // namespace bulla::dkim
