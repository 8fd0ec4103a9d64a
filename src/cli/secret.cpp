#include "base/file.h"
#include "cli/command.h"

#include <fcntl.h>
#include <istream>
#include <ostream>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

namespace bulla::cli {
namespace {

constexpr std::size_t max_secret = 1024;

Result<std::string> check(std::string secret) {
    while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) {
        secret.pop_back();
    }
    if (secret.empty()) {
        return fail("secret.empty", Fault::sender, "the secret is empty");
    }
    if (secret.size() > max_secret) {
        return fail("secret.too_long", Fault::sender, "the secret is longer than 1024 octets");
    }
    return secret;
}

/// Reads one line octet by octet, so that nothing behind it is taken.
std::string read_line(int fd) {
    std::string line;
    char c = 0;
    while (line.size() <= max_secret && ::read(fd, &c, 1) == 1 && c != '\n') {
        line.push_back(c);
    }
    return line;
}

Result<std::string> read_file(const std::string& path) {
    BULLA_TRY(bytes, load_secret_file(path, max_secret + 2, FileAccess::owner_only));
    return check(std::string(bytes.view()));
}

Result<std::string> ask(int terminal, const std::string& prompt) {
    termios before{};
    if (::tcgetattr(terminal, &before) != 0) {
        return fail("secret.no_terminal",
                    Fault::sender,
                    "there is no terminal to ask at: use standard input or a file");
    }
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(terminal, TCSAFLUSH, &silent);
    const std::string shown = prompt + ": ";
    const bool written = ::write(terminal, shown.data(), shown.size()) >= 0;
    std::string line = written ? read_line(terminal) : std::string();
    ::tcsetattr(terminal, TCSAFLUSH, &before);
    if (::write(terminal, "\n", 1) < 0) {
        return fail("secret.no_terminal", Fault::sender, "the terminal went away");
    }
    return check(std::move(line));
}

Result<std::string> ask_terminal(const SecretSource& source) {
    const int terminal = ::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (terminal < 0) {
        return fail("secret.no_terminal",
                    Fault::sender,
                    "there is no terminal to ask for the " + source.prompt +
                        ": give it on standard input or in a file");
    }
    auto first = ask(terminal, source.prompt);
    auto second = first && source.confirm ? ask(terminal, source.prompt + " once more") : first;
    ::close(terminal);
    if (first && second && *first != *second) {
        return fail("secret.differs", Fault::sender, "the two are not the same");
    }
    return second;
}

}  // namespace

Result<std::string> read_secret(Context& context, const SecretSource& source) {
    if (source.from_stdin) {
        std::string line;
        std::getline(context.in, line);
        return check(std::move(line));
    }
    return source.file.empty() ? ask_terminal(source) : read_file(source.file);
}

}  // namespace bulla::cli
