#include "base/hazard.h"
#include "dkim/sign.h"
#include "dkim/verify.h"
#include "mail/address.h"
#include "qmail/lines.h"
#include "qmail/lookup.h"
#include "qmail/options.h"
#include "qmail/programs.h"
#include "qmail/results.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sys/stat.h>
#include <vector>

namespace bulla::qmail {

namespace {

constexpr std::string_view usage =
    "usage: qmail-dkim -s [OPTION]... IN_MESSAGE RSA_KEY OUT_MESSAGE [ED25519_KEY]\n"
    "       qmail-dkim -v IN_MESSAGE\n"
    "Signs a message with DKIM, or verifies its signatures. A message is a file, \"-\" for "
    "standard\n"
    "input and output, with LF or CRLF line ends, which are kept. Keys are PEM files, mode 0600.\n"
    "  -d DOMAIN    d= [the domain of From]\n"
    "  -y SELECTOR  of the first key [default]      -Y SELECTOR  of the Ed25519 key [eddy]\n"
    "  -c r|s|t|u   relaxed/relaxed [r], simple/simple, relaxed/simple, simple/relaxed\n"
    "  -z 2|4|5     rsa-sha256, ed25519-sha256, both [2; 5 with two keys]; 1 and 3 ask for "
    "rsa-sha1,\n"
    "               which RFC 8301 forbids: rsa-sha256 alone is made\n"
    "  -x TIME      when it expires: seconds from now, or since 1970 from 315360001 on; - for "
    "never\n"
    "               [604800]\n"
    "  -i IDENTITY  i=\n"
    "  -l           name the length of the body (anybody can append to it then)\n"
    "  -q -t -b N   accepted: q= and t= are always there, and there is one standard\n"
    "  -h           this text     -V  the version\n"
    "Exit status: 0 signed, or a signature passes; 1 none passes; 75 the DNS does not answer;\n"
    "100 the command line is wrong; 111 a file or key cannot be used.\n";

constexpr int none_passes = 1;
constexpr int try_again = 75;
constexpr int wrong_use = 100;
constexpr int cannot = 111;
constexpr std::int64_t week = 604800;
// Ten years: what is larger is a moment, what is smaller a time from now.
constexpr std::int64_t longest_relative = 315360000;

// Text of others, for a terminal.
std::string shown(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t hazard = hazard_length(text);
        out += hazard > 0 ? '?' : text.front();
        text.remove_prefix(hazard > 0 ? hazard : 1);
    }
    return out;
}

/// A message with CRLF line ends, and whether it came so.
struct Input {
    std::string text;
    bool crlf = false;
};

Result<Input> read_input(const std::string& path) {
    std::ifstream file;
    if (path != "-") {
        file.open(path, std::ios::binary);
        if (!file) {
            return fail("qmail.unreadable", Fault::us, fmt::format("cannot read {}", path));
        }
    }
    std::istream& in = path == "-" ? std::cin : file;
    std::string bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    if (bytes.contains("\r\n")) {
        return Input{std::move(bytes), true};
    }
    auto lines = to_crlf(bytes);
    if (!lines) {
        return fail("qmail.bad_message", Fault::sender, path + ": " + lines.error().text);
    }
    return Input{*std::move(lines), false};
}

Result<void> write_output(const std::string& path, std::string_view text) {
    std::ofstream file;
    if (path != "-") {
        ::umask(077);
        file.open(path, std::ios::binary | std::ios::trunc);
    }
    std::ostream& out = path == "-" ? std::cout : file;
    if (!(out << text).flush()) {
        return fail("qmail.unwritable", Fault::us, fmt::format("cannot write {}", path));
    }
    return {};
}

Result<std::int64_t> read_expiry(const std::string& text, Time now) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc{} && end == text.data() + text.size() && value > longest_relative) {
        value -= to_unix(now);
    }
    if (error != std::errc{} || end != text.data() + text.size() || value <= 0) {
        return fail("qmail.usage",
                    Fault::sender,
                    fmt::format("-x {}: this is no time that lies ahead", text));
    }
    return value;
}

Result<dkim::CanonPair> read_canon(const std::string& text) {
    using enum dkim::Canon;
    constexpr std::string_view letters = "rstu";
    constexpr dkim::CanonPair pairs[] = {
        {relaxed, relaxed}, {simple, simple}, {relaxed, simple}, {simple, relaxed}};
    const auto at = text.size() == 1 ? letters.find(text) : std::string_view::npos;
    if (at == std::string_view::npos) {
        return fail("qmail.usage", Fault::sender, "-c is r, s, t or u");
    }
    return pairs[at];
}

Result<DomainName> find_domain(const Options& options, const mail::Message& message) {
    if (const auto given = options.value('d')) {
        return DomainName::parse(*given);
    }
    const auto from = mail::addresses(message, "From");
    if (!from || from->empty()) {
        return fail("qmail.usage", Fault::sender, "the message has no From: name the domain, -d");
    }
    return from->front().mailbox.domain();
}

/// What -z asks for.
struct Kinds {
    bool rsa = true;
    bool ed25519 = false;
};

Result<Kinds> read_kinds(const Options& options) {
    const bool two = options.words.size() > 3;
    const auto text = options.value('z').value_or(two ? "5" : "2");
    if (text == "1" || text == "3") {
        static_cast<void>(std::fputs(
            "qmail-dkim: rsa-sha1 is forbidden (RFC 8301), rsa-sha256 alone is made\n", stderr));
        return Kinds{.rsa = true, .ed25519 = false};
    }
    if (text == "5" && !two) {
        return fail("qmail.usage", Fault::sender, "-z 5 needs an Ed25519 key behind OUT_MESSAGE");
    }
    if (text != "2" && text != "4" && text != "5") {
        return fail("qmail.usage", Fault::sender, "-z is 1, 2, 3, 4 or 5");
    }
    return Kinds{.rsa = text != "4", .ed25519 = text != "2"};
}

Result<std::vector<dkim::SignOptions>> make_signatures(const Options& options,
                                                       const mail::Message& message,
                                                       Time now) {
    BULLA_TRY(kinds, read_kinds(options));
    BULLA_TRY(domain, find_domain(options, message));
    BULLA_TRY(canon, read_canon(options.value('c').value_or("r")));
    BULLA_TRY(first, Selector::parse(options.value('y').value_or("default")));
    BULLA_TRY(
        second,
        Selector::parse(options.value('Y').value_or(kinds.rsa ? "eddy" : first.text().c_str())));
    std::optional<std::int64_t> expiry = week;
    if (const auto given = options.value('x')) {
        expiry.reset();
        if (*given != "-") {
            BULLA_TRY(seconds, read_expiry(*given, now));
            expiry = seconds;
        }
    }
    std::vector<dkim::SignOptions> all;
    const auto add = [&](const Selector& selector, const std::string& path) -> Result<void> {
        BULLA_TRY(key, crypto::load_private_key(path));
        all.push_back({.domain = domain,
                       .selector = selector,
                       .key = key,
                       .canon = canon,
                       .time = now,
                       .expire_after = expiry,
                       .with_body_length = options.has('l'),
                       .identity = options.value('i')});
        return {};
    };
    if (kinds.rsa) {
        BULLA_CHECK(add(first, options.words[1]));
    }
    if (kinds.ed25519) {
        BULLA_CHECK(add(second, options.words[options.words.size() > 3 ? 3 : 1]));
    }
    return all;
}

Result<int> sign_file(const Options& options) {
    if (options.words.size() < 3 || options.words.size() > 4) {
        return fail("qmail.usage", Fault::sender, "name the message, the key and the output");
    }
    const SystemClock clock;
    BULLA_TRY(input, read_input(options.words[0]));
    BULLA_TRY(message, mail::Message::parse(std::move(input.text)));
    BULLA_TRY(signatures, make_signatures(options, message, clock.now()));
    BULLA_TRY(fields, dkim::sign(message, signatures));
    std::string out = fields + std::string(message.bytes());
    BULLA_CHECK(write_output(options.words[2], input.crlf ? out : to_lf(out)));
    return 0;
}

Result<int> verify_file(const Options& options) {
    if (options.words.size() != 1) {
        return fail("qmail.usage", Fault::sender, "name the message");
    }
    const SystemClock clock;
    BULLA_TRY(input, read_input(options.words[0]));
    BULLA_TRY(message, mail::Message::parse(std::move(input.text)));
    const dkim::Verification verification(message, clock.now());
    const char* resolver = ::secure_getenv("BULLA_RESOLVER");
    BULLA_TRY(answers, look_up(verification.questions(), resolver != nullptr ? resolver : ""));
    dkim::KeyCache keys;
    const auto results = verification.evaluate(answers, keys);
    std::string said = results.empty() ? "none: there is no signature\n" : "";
    for (const auto& result : results) {
        said += fmt::format("{} d={} s={} a={}: {}\n",
                            to_string(result.verdict),
                            shown(result.domain),
                            shown(result.selector),
                            shown(result.algorithm),
                            shown(result.reason));
    }
    static_cast<void>(std::fputs(said.c_str(), stdout));
    const auto all = summarize(results);
    return all == Verdict::pass ? 0 : all == Verdict::temperror ? try_again : none_passes;
}

Result<int> run(std::span<char*> arguments) {
    BULLA_TRY(options, parse_options(arguments, "hvVs::b:c:d:i:lqtx:y:Y:z:"));
    if (options.has('h') || options.has('V')) {
        static_cast<void>(std::fputs(
            options.has('h') ? std::string(usage).c_str() : "bulla-qmail " BULLA_VERSION "\n",
            stdout));
        return 0;
    }
    // -sFILE names the Ed25519 key, as a fourth word does.
    if (const auto file = options.value('s'); file && !file->empty() && options.words.size() == 3) {
        options.words.push_back(*file);
    }
    return options.has('v') ? verify_file(options) : sign_file(options);
}

}  // namespace

int run_dkim(const std::string& name, std::span<char*> arguments) {
    const auto status = run(arguments);
    if (status) {
        return *status;
    }
    const bool misused = status.error().code == "qmail.usage";
    const auto text = fmt::format("{}: {}\n{}", name, status.error().text, misused ? usage : "");
    static_cast<void>(std::fputs(text.c_str(), stderr));
    return misused ? wrong_use : cannot;
}

}  // namespace bulla::qmail
