#include "cli/dkim_tool_io.h"

#include "base/date.h"
#include "net/resolver.h"

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <istream>
#include <ostream>
#include <sys/stat.h>
#include <unistd.h>

namespace bulla::cli {

namespace {

constexpr std::size_t most_input = std::size_t{256} << 20;

std::string with_crlf_for_lf(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 32);
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        out.append(text.substr(0, end));
        if (end == std::string_view::npos) {
            break;
        }
        out.append(out.ends_with('\r') ? "\n" : "\r\n");
        text.remove_prefix(end + 1);
    }
    return out;
}

std::unexpected<Error> unwritable(const std::string& path, int reason) {
    const bool exists = reason == EEXIST;
    std::array<char, 128> words{};
    return fail(exists ? "file.exists" : "file.unwritable",
                Fault::us,
                path + (exists ? " exists already: name a new file"
                               : " cannot be written: " +
                                     std::string(strerror_r(reason, words.data(), words.size()))));
}

}  // namespace

Result<InputMessage> read_message(Context& context) {
    InputMessage input;
    std::array<char, 65536> block;
    while (context.in.read(block.data(), block.size()), context.in.gcount() > 0) {
        input.bytes.append(block.data(), static_cast<std::size_t>(context.in.gcount()));
        if (input.bytes.size() > most_input) {
            return fail("input.too_large",
                        Fault::sender,
                        "the message on standard input is larger than 256 MiB");
        }
    }
    if (context.in.bad()) {
        return fail("input.unreadable", Fault::us, "standard input cannot be read");
    }
    const std::size_t line = input.bytes.find('\n');
    input.has_lf_ends = line != std::string::npos && (line == 0 || input.bytes[line - 1] != '\r');
    BULLA_TRY(message, mail::Message::parse(with_crlf_for_lf(input.bytes)));
    input.message = std::move(message);
    return input;
}

std::string without_cr(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (!text.substr(i).starts_with("\r\n")) {
            out.push_back(text[i]);
        }
    }
    return out;
}

Result<Time> time_or_now(const Context& context, std::string_view rfc3339) {
    return rfc3339.empty() ? Result<Time>(context.clock.now()) : parse_rfc3339(rfc3339);
}

Result<void> save_new_secret_file(const std::string& path, const SecretBytes& content) {
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0) {
        return unwritable(path, errno);
    }
    std::string_view rest = content.view();
    int reason = 0;
    while (!rest.empty() && reason == 0) {
        const ssize_t written = ::write(file, rest.data(), rest.size());
        if (written > 0) {
            rest.remove_prefix(static_cast<std::size_t>(written));
        } else if (written == 0 || errno != EINTR) {
            reason = written == 0 ? EIO : errno;
        }
    }
    if (reason == 0 && ::fsync(file) != 0) {
        reason = errno;
    }
    if (::close(file) != 0 && reason == 0) {
        reason = errno;
    }
    return reason == 0 ? Result<void>{} : Result<void>(unwritable(path, reason));
}

Result<std::shared_ptr<crypto::PrivateKey>> load_signing_key(Context& context,
                                                             const std::string& path) {
    struct stat status{};
    constexpr mode_t others = S_IRGRP | S_IWGRP | S_IROTH | S_IWOTH;
    if (::stat(path.c_str(), &status) == 0 && (status.st_mode & others) != 0) {
        context.err << "bulla: warning: the private key " << path
                    << " can be read by others: chmod 600\n";
    }
    return crypto::load_private_key(path, true);
}

Result<crypto::PublicKey> load_either_key(Context& context, const std::string& path) {
    if (auto key = crypto::load_public_key(path)) {
        return *std::move(key);
    }
    BULLA_TRY(pair, load_signing_key(context, path));
    return pair->public_key();
}

void add_resolver_option(CLI::App& command, std::string& resolver) {
    command.add_option("--resolver", resolver, "The DNS server to ask, as IP:PORT [the system's]");
}

Result<std::vector<dns::DnsAnswer>> ask_dns(const std::string& resolver,
                                            std::span<const dns::DnsQuestion> questions) {
    std::vector<dns::DnsAnswer> answers;
    if (questions.empty()) {
        return answers;
    }
    net::ResolverOptions options;
    if (!resolver.empty()) {
        BULLA_TRY(forwarder, net::Endpoint::parse(resolver));
        options.forwarder = forwarder;
    }
    BULLA_TRY(opened, net::Resolver::open(options));
    for (const dns::DnsQuestion& question : questions) {
        answers.push_back(opened->ask_blocking(question));
    }
    return answers;
}

}  // namespace bulla::cli
