#include "arc/chain.h"
#include "arc/seal.h"
#include "arc/verify.h"
#include "authres/collect.h"
#include "cli/dkim_tool_io.h"
#include "cli/groups.h"
#include "cli/output.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

// ARC without an instance: sealing and verifying one message between standard input and standard output.

namespace bulla::cli {

namespace {

using Json = nlohmann::json;

struct ArcCommand {
    std::string domain;
    std::string selector;
    std::string key;
    std::string authserv_id;
    std::string chain;
    std::string resolver;
    std::string now;
};

Result<arc::ChainResult> verify_chain(const mail::Message& message,
                                      Time now,
                                      const std::string& resolver_address) {
    const arc::Verification verification(message, now);
    BULLA_TRY(answers, ask_dns(resolver_address, verification.questions()));
    dkim::KeyCache keys;
    return verification.evaluate(answers, keys);
}

/// What --chain says of the chain, else what verification says.
Result<arc::ChainResult> judge_chain(const ArcCommand& command,
                                     const mail::Message& message,
                                     Time now) {
    if (command.chain.empty()) {
        return verify_chain(message, now, command.resolver);
    }
    arc::ChainResult result;
    result.status = command.chain == "pass"   ? Verdict::pass
                    : command.chain == "fail" ? Verdict::fail
                                              : Verdict::none;
    return result;
}

Result<ExitCode> seal_message(Context& context, const ArcCommand& command) {
    BULLA_TRY(domain, DomainName::parse(command.domain));
    BULLA_TRY(selector, Selector::parse(command.selector));
    BULLA_TRY(key, load_signing_key(context, command.key));
    BULLA_TRY(now, time_or_now(context, command.now));
    BULLA_TRY(input, read_message(context));
    BULLA_TRY(chain, judge_chain(command, input.message, now));
    auto results = authres::collect_results(input.message, command.authserv_id);
    if (std::ranges::find(results.methods, "arc", &authres::MethodResult::method) ==
        results.methods.end()) {
        results.methods.push_back(arc::to_method(chain));
    }
    BULLA_TRY(set,
              arc::seal(input.message,
                        {.domain = domain,
                         .selector = selector,
                         .key = key,
                         .time = now,
                         .chain = chain.status,
                         .results = std::move(results)}));
    // What came with LF alone leaves with LF alone; the seal is over the CRLF form that SMTP carries.
    context.out << (input.has_lf_ends ? without_cr(set) : set) << input.bytes;
    return ExitCode::ok;
}

Json to_json(const arc::Instance& instance) {
    const auto signature = [](const dkim::SignatureResult& result) {
        return Json{{"result", std::string(to_string(result.verdict))},
                    {"domain", result.domain},
                    {"selector", result.selector},
                    {"algorithm", result.algorithm},
                    {"reason", result.reason}};
    };
    return {{"instance", instance.number},
            {"cv", instance.chain},
            {"authserv_id", instance.results ? instance.results->authserv_id : ""},
            {"message_signature", signature(instance.message)},
            {"seal", signature(instance.seal)}};
}

void print_chain(Context& context, const arc::ChainResult& result) {
    if (context.json) {
        Json out = {{"result", std::string(to_string(result.status))},
                    {"reason", result.reason},
                    {"instances", Json::array()}};
        if (result.oldest_pass) {
            out["oldest_pass"] = *result.oldest_pass;
        }
        for (const arc::Instance& instance : result.instances) {
            out["instances"].push_back(to_json(instance));
        }
        print_json(context.out, out);
        return;
    }
    context.out << to_string(result.status) << ": " << result.reason << '\n';
    Table table({"instance", "cv", "by", "message signature", "seal"});
    for (const arc::Instance& instance : result.instances) {
        table.add({std::to_string(instance.number),
                   instance.chain,
                   instance.seal.domain,
                   std::string(to_string(instance.message.verdict)),
                   std::string(to_string(instance.seal.verdict))});
    }
    if (!result.instances.empty()) {
        table.print(context.out, "");
    }
}

Result<ExitCode> verify_message(Context& context, const ArcCommand& command) {
    BULLA_TRY(now, time_or_now(context, command.now));
    BULLA_TRY(input, read_message(context));
    BULLA_TRY(result, verify_chain(input.message, now, command.resolver));
    print_chain(context, result);
    return result.status == Verdict::pass ? ExitCode::ok : ExitCode::negative;
}

void add_seal(CLI::App& group, Context& context) {
    auto& command = add_command(
        group,
        "seal",
        {"Adds an ARC set to the message on standard input and prints it. What the message's "
         "Authentication-Results fields say in the name of --authserv-id is passed on in it, and "
         "the chain that the message has is verified first, unless --chain says what came of "
         "that.",
         "bulla arc seal -d example.com -s s1 -k s1.pem --authserv-id mx.example.com "
         "< message.eml > sealed.eml"});
    const auto options = std::make_shared<ArcCommand>();
    command.add_option("-d,--domain", options->domain, "The sealing domain (d=)")->required();
    command.add_option("-s,--selector", options->selector, "The selector (s=)")->required();
    command.add_option("-k,--key", options->key, "The private key (PEM)")->required();
    command
        .add_option("--authserv-id",
                    options->authserv_id,
                    "The name under which this installation reports what it found")
        ->required();
    command.add_option("--chain", options->chain, "What came of the chain: none, pass or fail")
        ->check(CLI::IsMember({"none", "pass", "fail"}));
    add_resolver_option(command, options->resolver);
    command.add_option("--now", options->now, "The time of sealing (t=) as RFC 3339 [now]");
    set_action(command, context, [&context, options] { return seal_message(context, *options); });
}

void add_verify(CLI::App& group, Context& context) {
    auto& command = add_command(group,
                                "verify",
                                {"Verifies the ARC chain of the message on standard input. Exit "
                                 "status 0 if it passes, else 1. LF line ends are read as CRLF.",
                                 "bulla arc verify < message.eml\nbulla arc verify --resolver "
                                 "127.0.0.1:5353 --json < message.eml"});
    const auto options = std::make_shared<ArcCommand>();
    add_resolver_option(command, options->resolver);
    command.add_option("--now", options->now, "The time to judge expiry by, as RFC 3339 [now]");
    add_json_option(command, context);
    set_action(command, context, [&context, options] { return verify_message(context, *options); });
}

}  // namespace

void add_arc_commands(CLI::App& root, Context& context) {
    CLI::App& group = add_group(
        root, "arc", {"Seal and verify messages by ARC", "bulla arc verify < message.eml"});
    add_seal(group, context);
    add_verify(group, context);
}

}  // namespace bulla::cli
