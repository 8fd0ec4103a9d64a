#include "keydir/make.h"
#include "qmail/machine.h"
#include "qmail/options.h"
#include "qmail/programs.h"

#include <charconv>
#include <cstdio>
#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

namespace bulla::qmail {

namespace {

constexpr auto usage =
    "usage: {0} [-t rsa|ed25519] [-b BITS] [-s SELECTOR] [-D DIRECTORY] [-o OWNER] DOMAIN\n"
    "Makes a pair of DKIM keys in the layout of ssl/domainkeys and prints the TXT record for "
    "BIND.\n"
    "  -t  the type of key [rsa]\n"
    "  -b  bits of an RSA key, 2048 to 4096 [2048]\n"
    "  -s  the selector [default; eddy for ed25519]\n"
    "  -D  where the directories of the domains are [{1}/ssl/domainkeys]\n"
    "  -o  to whom the files are given [qmailq, if root runs this]\n"
    "Nothing is overwritten. The selector signs once control/dkimdomains names it.\n";

std::string default_owner() {
    // One thread, and the answer is not kept.
    const bool is_there = ::getpwnam("qmailq") != nullptr;  // NOLINT(concurrency-mt-unsafe)
    return ::geteuid() == 0 && is_there ? "qmailq" : "";
}

Result<keydir::MakeOptions> read(const Options& options) {
    if (options.words.size() != 1) {
        return fail("qmail.usage", Fault::sender, "name one domain");
    }
    BULLA_TRY(domain, DomainName::parse(options.words.front()));
    BULLA_TRY(type, crypto::parse_key_type(options.value('t').value_or("rsa")));
    if (type != crypto::KeyType::rsa && type != crypto::KeyType::ed25519) {
        return fail("qmail.usage", Fault::sender, "-t is rsa or ed25519");
    }
    BULLA_TRY(selector,
              Selector::parse(
                  options.value('s').value_or(type == crypto::KeyType::rsa ? "default" : "eddy")));
    std::int64_t bits = 0;
    if (const auto text = options.value('b')) {
        const char* end = text->data() + text->size();
        const auto [at, error] = std::from_chars(text->data(), end, bits);
        if (error != std::errc{} || at != end) {
            return fail("qmail.usage", Fault::sender, "-b needs a number");
        }
    }
    return keydir::MakeOptions{
        .directory = options.value('D').value_or(find_home() + "/ssl/domainkeys"),
        .domain = domain,
        .selector = selector,
        .type = type,
        .bits = bits,
        .owner = options.value('o').value_or(default_owner())};
}

Result<std::string> make(std::span<char*> arguments) {
    BULLA_TRY(options, parse_options(arguments, "t:b:s:D:o:h"));
    if (options.has('h')) {
        return std::string();
    }
    BULLA_TRY(wanted, read(options));
    BULLA_TRY(made, keydir::make_key(wanted));
    return made.zone_line;
}

}  // namespace

int run_mkdkimkey(const std::string& name, std::span<char*> arguments) {
    const auto made = make(arguments);
    if (!made) {
        const auto text =
            fmt::format("{}: {}\n", name, made.error().text) +
            (made.error().code == "qmail.usage" ? fmt::format(usage, name, find_home())
                                                : std::string());
        static_cast<void>(std::fputs(text.c_str(), stderr));
        return 111;
    }
    static_cast<void>(std::fputs(
        made->empty() ? fmt::format(usage, name, find_home()).c_str() : (*made + "\n").c_str(),
        stdout));
    return 0;
}

}  // namespace bulla::qmail
