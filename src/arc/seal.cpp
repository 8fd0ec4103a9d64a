#include "arc/seal.h"

#include "arc/chain.h"
#include "arc/sealed_bytes.h"
#include "authres/write.h"
#include "base/encoding.h"
#include "dkim/canon.h"
#include "dkim/field_writer.h"
#include "dkim/sign_steps.h"
#include "dkim/signed_bytes.h"

#include <utility>
#include <vector>

namespace bulla::arc {

namespace {

std::string tag(std::string_view name, std::string_view value) {
    return std::string(name).append("=").append(value).append(";");
}

// What one signature field says besides its signature. Tags stand in the order of their names; b= ends its line, so that what follows is the
// same whether there is a signature yet or not.
struct Draft {
    std::string_view name;
    dkim::Algorithm algorithm;
    std::vector<std::string> before_names;       // words between b= and h=
    const std::vector<std::string_view>* names;  // h=, or null
    std::vector<std::string> after_names;

    // The whole field with its CRLF.
    [[nodiscard]] std::string write(std::string_view signature) const {
        dkim::FieldWriter out(name);
        out.word(tag("a", to_string(algorithm)));
        out.word("b=");
        out.stream(base64_encode(signature));
        out.glue(";");
        out.line();
        for (const std::string& word : before_names) {
            out.word(word);
        }
        if (names != nullptr) {
            dkim::write_names(out, *names);
        }
        for (const std::string& word : after_names) {
            out.word(word);
        }
        return out.text() + "\r\n";
    }
};

struct Instance {
    unsigned number;
    dkim::Algorithm algorithm;
    const SealOptions& options;

    [[nodiscard]] std::vector<std::string> last_words() const {
        return {tag("i", std::to_string(number)),
                tag("s", options.selector.text()),
                "t=" + std::to_string(to_unix(options.time))};
    }
};

Result<void> check_chain(const Chain& chain, const SealOptions& options) {
    if (chain.ended) {
        return fail("arc.chain_ended",
                    Fault::sender,
                    "the chain has failed before, so that no ARC set may be added",
                    "RFC 8617 5.1");
    }
    if (chain.size() >= most_instances) {
        return fail("arc.chain_full",
                    Fault::sender,
                    "the message has 50 ARC sets, the most that may be",
                    "RFC 8617 4.2.1");
    }
    const bool sound = chain.defect.empty();
    const bool fits =
        options.chain == Verdict::fail ||
        (sound && options.chain == (chain.sets.empty() ? Verdict::none : Verdict::pass));
    if (!fits) {
        return fail("arc.chain_mismatch",
                    Fault::us,
                    "what is said of the chain (cv=) cannot be true of this message",
                    "RFC 8617 4.4");
    }
    return {};
}

std::string write_results_field(const Instance& instance) {
    std::string out = "ARC-Authentication-Results: ";
    out.append(tag("i", std::to_string(instance.number))).append(" ");
    const SealOptions& options = instance.options;
    out.append(authres::write_results(options.results, out.size(), {.utf8 = options.utf8}));
    return out + "\r\n";
}

Result<std::string> sign_message(const mail::Message& message, const Instance& instance) {
    const SealOptions& options = instance.options;
    const dkim::FieldList list(message);
    const dkim::SignedFields& wanted = options.fields ? *options.fields : *default_sealed_fields();
    BULLA_TRY(names, dkim::names_to_sign(list, wanted));
    if (message.count("From") == 0) {
        names.emplace_back("From");  // So that nobody adds one, and h= is never empty.
    }
    const auto body = dkim::digest_body(dkim::Canon::relaxed, message.body());
    const Draft draft{.name = "ARC-Message-Signature",
                      .algorithm = instance.algorithm,
                      .before_names = {tag("bh", base64_encode(crypto::view(body.hash))),
                                       "c=relaxed/relaxed;",
                                       tag("d", options.domain.ascii())},
                      .names = &names,
                      .after_names = instance.last_words()};
    std::string bytes;
    list.append_picked(bytes, dkim::Canon::relaxed, names);
    dkim::append_canonical_field(bytes, dkim::Canon::relaxed, draft.write({}));
    bytes.resize(bytes.size() - 2);
    BULLA_TRY(signature, dkim::sign_hash(*options.key, instance.algorithm, crypto::sha256(bytes)));
    return draft.write(signature);
}

Result<std::string> sign_seal(const Chain& chain, Set own, const Instance& instance) {
    const SealOptions& options = instance.options;
    const Draft draft{
        .name = "ARC-Seal",
        .algorithm = instance.algorithm,
        .before_names = {tag("cv", to_string(options.chain)), tag("d", options.domain.ascii())},
        .names = nullptr,
        .after_names = instance.last_words()};
    std::string bytes;
    // RFC 8617 5.1.2: the seal of a chain that failed covers its own set alone, as if that were the only one.
    if (options.chain != Verdict::fail) {
        append_sets(bytes, chain.sets);
    }
    const std::string unsigned_seal = draft.write({});
    own.seal = unsigned_seal;
    append_own_set(bytes, own, 0, 0);
    BULLA_TRY(signature, dkim::sign_hash(*options.key, instance.algorithm, crypto::sha256(bytes)));
    return draft.write(signature);
}

}  // namespace

const std::shared_ptr<const dkim::SignedFields>& default_sealed_fields() {
    static const auto fields = [] {
        dkim::SignedFields out = *dkim::default_signed_fields();
        for (dkim::SignedField& field : out) {
            field.oversign = dkim::Oversign::never;
        }
        out.push_back({.name = "DKIM-Signature"});
        return std::make_shared<const dkim::SignedFields>(std::move(out));
    }();
    return fields;
}

Result<std::string> seal(const mail::Message& message, const SealOptions& options) {
    // What stands first might continue the last of the new fields.
    if (message.fields().empty()) {
        return fail("arc.no_header",
                    Fault::sender,
                    "a message without a header cannot be sealed",
                    "RFC 5322 3.6");
    }
    const Chain chain = collect_chain(message);
    BULLA_CHECK(check_chain(chain, options));
    BULLA_TRY(algorithm, dkim::algorithm_of(options.key->public_key()));
    const Instance instance{.number = chain.size() + 1, .algorithm = algorithm, .options = options};
    const std::string results = write_results_field(instance);
    BULLA_TRY(signature, sign_message(message, instance));
    const Set own{.results = results, .message = signature, .seal = {}, .chain = {}};
    BULLA_TRY(sealed, sign_seal(chain, own, instance));
    return sealed + signature + results;
}

}  // namespace bulla::arc
