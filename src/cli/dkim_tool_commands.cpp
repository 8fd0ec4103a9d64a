#include "cli/dkim_tool_io.h"
#include "cli/groups.h"
#include "cli/output.h"
#include "crypto/key.h"
#include "dkim/key_record.h"
#include "dkim/keygen.h"
#include "dkim/sign.h"
#include "dkim/tag_list.h"
#include "dkim/verify.h"
#include "keydir/make.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

// DKIM without an instance: keys, records, and signing and verifying one message between standard input and standard output.

namespace bulla::cli {

namespace {

using Json = nlohmann::json;

struct KeyOptions {
    std::string domain;
    std::string selector;
    std::string type = "rsa";
    std::int64_t bits = 0;
    std::string file;
    std::string directory;
    std::string owner;
    bool testing = false;
    bool strict = false;
    bool text_only = false;
};

struct Published {
    std::string name;
    std::string text;
};

Result<Published> make_record(const KeyOptions& options, const crypto::PublicKey& key) {
    BULLA_TRY(domain, DomainName::parse(options.domain));
    BULLA_TRY(selector, Selector::parse(options.selector));
    BULLA_TRY(
        text,
        dkim::write_key_record(key, {.testing = options.testing, .same_domain = options.strict}));
    return Published{.name = selector.text() + "._domainkey." + domain.ascii(),
                     .text = std::move(text)};
}

Json to_json(const Published& record, const crypto::PublicKey& key) {
    return {{"name", record.name},
            {"text", record.text},
            {"zone", dkim::write_zone_line(record.name, record.text)},
            {"algorithm", std::string(to_string(key.type()))},
            {"bits", key.bits()}};
}

Result<ExitCode> generate_in_directory(Context& context,
                                       const KeyOptions& options,
                                       crypto::KeyType type) {
    BULLA_TRY(domain, DomainName::parse(options.domain));
    BULLA_TRY(selector, Selector::parse(options.selector));
    BULLA_TRY(made,
              keydir::make_key({.directory = options.directory,
                                .domain = domain,
                                .selector = selector,
                                .type = type,
                                .bits = options.bits,
                                .owner = options.owner}));
    if (context.json) {
        print_json(context.out,
                   {{"file", made.private_file},
                    {"public_file", made.public_file},
                    {"link", made.link},
                    {"zone", made.zone_line},
                    {"fingerprint", made.fingerprint},
                    {"algorithm", options.type}});
    } else {
        context.out << made.zone_line << '\n';
    }
    return ExitCode::ok;
}

Result<ExitCode> generate(Context& context, const KeyOptions& options) {
    BULLA_TRY(type, crypto::parse_key_type(options.type));
    if (!options.directory.empty()) {
        return generate_in_directory(context, options, type);
    }
    BULLA_TRY(key, dkim::make_key(type, options.bits));
    BULLA_TRY(record, make_record(options, key->public_key()));
    const SecretBytes pem = key->pem();
    if (!options.file.empty()) {
        BULLA_CHECK(save_new_secret_file(options.file, pem));
    }
    const std::string zone = dkim::write_zone_line(record.name, record.text);
    if (context.json) {
        Json out = to_json(record, key->public_key());
        if (options.file.empty()) {
            out["private_key"] = std::string(pem.view());
        } else {
            out["file"] = options.file;
        }
        print_json(context.out, out);
    } else if (options.file.empty()) {
        context.out << pem.view();
        context.err << zone << '\n';
    } else {
        context.out << zone << '\n';
    }
    return ExitCode::ok;
}

Result<ExitCode> print_record(Context& context, const KeyOptions& options) {
    BULLA_TRY(key, load_either_key(context, options.file));
    BULLA_TRY(record, make_record(options, key));
    if (context.json) {
        print_json(context.out, to_json(record, key));
    } else {
        context.out << (options.text_only ? record.text
                                          : dkim::write_zone_line(record.name, record.text))
                    << '\n';
    }
    return ExitCode::ok;
}

struct SignCommand {
    std::string domain;
    std::vector<std::string> selectors;
    std::vector<std::string> keys;
    std::string canon = "relaxed/relaxed";
    std::int64_t expire_after = 0;
    std::string identity;
    bool body_length = false;
    bool copies = false;
    std::string fields;
    std::string oversign;
    std::string now;
};

// The default list, or the one given with --fields and --oversign.
std::shared_ptr<const dkim::SignedFields> chosen_fields(const SignCommand& command) {
    auto fields = std::make_shared<dkim::SignedFields>(*dkim::default_signed_fields());
    if (!command.fields.empty()) {
        fields->clear();
        for (const std::string_view name : dkim::split_list(command.fields, ':')) {
            fields->push_back({.name = std::string(name), .oversign = dkim::Oversign::never});
        }
    }
    if (command.oversign.empty()) {
        return fields;
    }
    for (dkim::SignedField& field : *fields) {
        field.oversign = dkim::Oversign::never;
    }
    for (const std::string_view name : dkim::split_list(command.oversign, ':')) {
        const auto same = [&](const dkim::SignedField& field) {
            return mail::equal_ignoring_case(field.name, name);
        };
        const auto found = std::ranges::find_if(*fields, same);
        const auto at =
            found == fields->end() ? fields->insert(found, {.name = std::string(name)}) : found;
        at->oversign = dkim::Oversign::always;
    }
    return fields;
}

Result<std::vector<dkim::SignOptions>> make_options(Context& context, const SignCommand& command) {
    BULLA_TRY(domain, DomainName::parse(command.domain));
    const auto canon = dkim::parse_canon_pair(command.canon);
    if (!canon || command.selectors.size() != command.keys.size()) {
        return fail("dkim.usage",
                    Fault::sender,
                    canon ? "give as many keys (-k) as selectors (-s), in the same order"
                          : "-c takes simple or relaxed, for header/body, such as relaxed/simple");
    }
    BULLA_TRY(now, time_or_now(context, command.now));
    const auto fields = chosen_fields(command);
    std::vector<dkim::SignOptions> all;
    for (std::size_t i = 0; i < command.selectors.size(); ++i) {
        BULLA_TRY(selector, Selector::parse(command.selectors[i]));
        BULLA_TRY(key, load_signing_key(context, command.keys[i]));
        all.push_back(
            {.domain = domain,
             .selector = std::move(selector),
             .key = key,
             .canon = *canon,
             .time = now,
             .expire_after =
                 command.expire_after > 0 ? std::optional(command.expire_after) : std::nullopt,
             .with_body_length = command.body_length,
             .identity = command.identity.empty() ? std::nullopt : std::optional(command.identity),
             .with_copies = command.copies,
             .fields = fields});
    }
    return all;
}

Result<ExitCode> sign_message(Context& context, const SignCommand& command) {
    BULLA_TRY(options, make_options(context, command));
    BULLA_TRY(input, read_message(context));
    BULLA_TRY(header, dkim::sign(input.message, options));
    // What came with LF alone leaves with LF alone; the signature is over the CRLF form that SMTP carries.
    context.out << (input.has_lf_ends ? without_cr(header) : header) << input.bytes;
    return ExitCode::ok;
}

struct VerifyCommand {
    std::string resolver;
    std::string now;
};

Json to_json(const dkim::SignatureResult& result) {
    Json out = {{"result", std::string(to_string(result.verdict))},
                {"domain", result.domain},
                {"selector", result.selector},
                {"algorithm", result.algorithm},
                {"reason", result.reason}};
    if (result.body_length) {
        out["body_length"] = *result.body_length;
        out["uncovered"] = result.uncovered;
    }
    return out;
}

/// The reason, with what a reader must know besides: who can have added what.
std::string explain(const dkim::SignatureResult& result) {
    std::string out = result.reason;
    if (result.body_length) {
        out += fmt::format(
            "; l={}: {}",
            *result.body_length,
            result.uncovered == 0
                ? "others can append to the body"
                : fmt::format("{} octets of the body are not signed", result.uncovered));
    }
    return result.testing ? out + " (the domain is testing DKIM)" : out;
}

void print_results(Context& context, const std::vector<dkim::SignatureResult>& results) {
    if (context.json) {
        Json list = Json::array();
        for (const dkim::SignatureResult& result : results) {
            list.push_back(to_json(result));
        }
        print_json(context.out, {{"results", list}});
        return;
    }
    Table table({"result", "domain", "selector", "algorithm", "reason"});
    for (const dkim::SignatureResult& result : results) {
        table.add({std::string(to_string(result.verdict)),
                   result.domain,
                   result.selector,
                   result.algorithm,
                   explain(result)});
    }
    table.print(context.out, "no DKIM-Signature");
}

Result<ExitCode> verify_message(Context& context, const VerifyCommand& command) {
    BULLA_TRY(now, time_or_now(context, command.now));
    BULLA_TRY(input, read_message(context));
    const dkim::Verification verification(input.message, now);
    BULLA_TRY(answers, ask_dns(command.resolver, verification.questions()));
    dkim::KeyCache keys;
    const auto results = verification.evaluate(answers, keys);
    print_results(context, results);
    const bool passed =
        std::ranges::any_of(results, [](const auto& one) { return one.verdict == Verdict::pass; });
    return passed ? ExitCode::ok : ExitCode::negative;
}

void add_keygen(CLI::App& dkim, Context& context) {
    auto& command =
        add_command(dkim,
                    "keygen",
                    {"Makes a key pair. With -o the private key goes into a new file (0600) and "
                     "the DNS record is printed; "
                     "without, the private key is printed and the record goes to standard error. "
                     "With --key-directory the pair is laid out as s/qmail's ssl/domainkeys has "
                     "it.",
                     "bulla dkim keygen -d example.com -s s1 -t rsa -b 2048 -o s1.pem\n"
                     "bulla dkim keygen -d example.com -s s1 --key-directory "
                     "/var/qmail/ssl/domainkeys --owner qmailq"});
    const auto options = std::make_shared<KeyOptions>();
    command.add_option("-d,--domain", options->domain, "The signing domain")->required();
    command.add_option("-s,--selector", options->selector, "The selector")->required();
    command.add_option("-t,--type", options->type, "rsa (default) or ed25519")
        ->check(CLI::IsMember({"rsa", "ed25519"}));
    command.add_option("-b,--bits", options->bits, "Bits of an RSA key, 2048 (default) to 4096");
    auto* file = command.add_option("-o,--output", options->file, "A new file for the private key");
    auto* directory = command
                          .add_option("--key-directory",
                                      options->directory,
                                      "A key directory: makes DOMAIN/SELECTOR in it, a link to "
                                      "the private key, with the public key beside it")
                          ->excludes(file);
    command
        .add_option("--owner", options->owner, "The user to whom what is made there will belong")
        ->needs(directory);
    add_json_option(command, context);
    set_action(command, context, [&context, options] { return generate(context, *options); });
}

void add_record(CLI::App& dkim, Context& context) {
    auto& command =
        add_command(dkim,
                    "record",
                    {"Prints the DNS record that publishes a key, as a line of a zone file.",
                     "bulla dkim record -d example.com -s s1 -k s1.pem"});
    const auto options = std::make_shared<KeyOptions>();
    command.add_option("-d,--domain", options->domain, "The signing domain")->required();
    command.add_option("-s,--selector", options->selector, "The selector")->required();
    command.add_option("-k,--key", options->file, "The private or public key (PEM)")->required();
    command.add_flag("--testing", options->testing, "Says that the domain is testing DKIM (t=y)");
    command.add_flag("--strict", options->strict, "Does not serve subdomains (t=s)");
    command.add_flag("--text", options->text_only, "Prints the text of the TXT record alone");
    add_json_option(command, context);
    set_action(command, context, [&context, options] { return print_record(context, *options); });
}

void add_sign(CLI::App& dkim, Context& context) {
    auto& command =
        add_command(dkim,
                    "sign",
                    {"Signs the message on standard input and prints it with its signature in "
                     "front. A message with LF line ends is signed as SMTP will "
                     "carry it, with CRLF, and printed with the line ends it came with. Two pairs "
                     "of -s and -k make two signatures.",
                     "bulla dkim sign -d example.com -s s1 -k s1.pem < message.eml > signed.eml"});
    const auto options = std::make_shared<SignCommand>();
    command.add_option("-d,--domain", options->domain, "The signing domain (d=)")->required();
    command.add_option("-s,--selector", options->selectors, "The selector (s=); once for each key")
        ->required()
        ->expected(1)
        ->take_all();
    command.add_option("-k,--key", options->keys, "The private key (PEM)")
        ->required()
        ->expected(1)
        ->take_all();
    command.add_option(
        "-c,--canon", options->canon, "Canonicalisation of header/body (c=) [relaxed/relaxed]");
    command
        .add_option(
            "-x,--expire", options->expire_after, "Seconds until the signature expires (x=)")
        ->check(CLI::PositiveNumber);
    command.add_option("-i,--identity", options->identity, "The identity (i=), within the domain");
    command.add_flag("-l,--body-length",
                     options->body_length,
                     "Names the length of the body (l=); others can then append to it");
    command.add_flag("-z,--copies", options->copies, "Adds copies of the signed fields (z=)");
    command.add_option("--fields",
                       options->fields,
                       "Fields to sign, separated by colons, instead of the default list");
    command.add_option(
        "--oversign",
        options->oversign,
        "Fields that nobody may add, separated by colons, instead of the default ones");
    command.add_option("--now", options->now, "The time of signing (t=) as RFC 3339 [now]");
    set_action(command, context, [&context, options] { return sign_message(context, *options); });
}

void add_verify(CLI::App& dkim, Context& context) {
    auto& command = add_command(dkim,
                                "verify",
                                {"Verifies the DKIM signatures of the message on standard input. "
                                 "Exit status 0 if one passes, else 1. LF "
                                 "line ends are read as CRLF.",
                                 "bulla dkim verify < message.eml\nbulla dkim verify --resolver "
                                 "127.0.0.1:5353 --json < message.eml"});
    const auto options = std::make_shared<VerifyCommand>();
    add_resolver_option(command, options->resolver);
    command.add_option("--now", options->now, "The time to judge expiry by, as RFC 3339 [now]");
    add_json_option(command, context);
    set_action(command, context, [&context, options] { return verify_message(context, *options); });
}

}  // namespace

void add_dkim_tool_commands(CLI::App& dkim, Context& context) {
    add_keygen(dkim, context);
    add_record(dkim, context);
    add_sign(dkim, context);
    add_verify(dkim, context);
}

}  // namespace bulla::cli
