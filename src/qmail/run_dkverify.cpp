#include "dkim/verify.h"
#include "qmail/lines.h"
#include "qmail/lookup.h"
#include "qmail/machine.h"
#include "qmail/programs.h"
#include "qmail/results.h"
#include "qmail/stage.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <string_view>
#include <vector>

namespace bulla::qmail {

namespace {

// What qmail-queue(8) gives, which qmail-smtpd turns into a reply.
constexpr int refused_for_good = 31;
constexpr int cannot_write = 53;
constexpr int cannot_read = 54;
constexpr int no_home = 61;
constexpr int refused_for_now = 71;
constexpr int cannot_run = 81;

std::string authserv_id(Machine& machine) {
    const auto read = machine.read_file("control/me");
    std::string text = read ? read->value_or("") : std::string();
    text.resize(std::min(text.find_first_of(" \t\r\n"), text.size()));
    return DomainName::parse(text) ? text : "localhost";
}

/// DKIM=+ asks that mail whose signatures all fail be refused; anything else only annotates.
int judge(Verdict verdict) {
    const char* wish = std::getenv("DKIM");  // NOLINT(concurrency-mt-unsafe): one thread
    if (wish == nullptr || std::string_view(wish) != "+") {
        return 0;
    }
    return verdict == Verdict::fail        ? refused_for_good
           : verdict == Verdict::temperror ? refused_for_now
                                           : 0;
}

Result<std::vector<dkim::SignatureResult>> verify(std::string text) {
    const char* resolver = ::secure_getenv("BULLA_RESOLVER");
    const SystemClock clock;
    BULLA_TRY(message, mail::Message::parse(std::move(text)));
    const dkim::Verification verification(message, clock.now());
    BULLA_TRY(answers, look_up(verification.questions(), resolver != nullptr ? resolver : ""));
    dkim::KeyCache keys;
    return verification.evaluate(answers, keys);
}

}  // namespace

// NOLINTNEXTLINE(readability-named-parameter)
int run_dkverify(const std::string& name, std::span<char*>) {
    const auto machine = make_machine(name);
    if (!machine->change_directory(find_home())) {
        return no_home;
    }
    const auto text = machine->read_message();
    if (!text) {
        return cannot_read;
    }
    const auto me = authserv_id(*machine);
    std::string field;
    // A message that is no text in lines has no signature that could hold.
    if (auto lines = to_crlf(*text)) {
        const auto results = verify(*std::move(lines));
        if (!results) {
            machine->log(results.error().text);
            return refused_for_now;
        }
        if (const int refused = judge(summarize(*results)); refused != 0) {
            return refused;
        }
        field = write_authentication_results(me, *results);
    } else {
        field = fmt::format("Authentication-Results: {}; dkim=permerror\n", me);
    }
    sweep_stages(*machine);
    if (const auto staged = stage_message(*machine, field, remove_forged(*text, me)); !staged) {
        machine->log(staged.error().text);
        return cannot_write;
    }
    if (const auto run = machine->run("bin/qmail-queue", {"qmail-queue"}); !run) {
        machine->log(run.error().text);
    }
    return cannot_run;
}

}  // namespace bulla::qmail
