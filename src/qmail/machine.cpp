#include "qmail/machine.h"

#include "base/system_text.h"
#include "keydir/load.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>
#include <utility>

namespace bulla::qmail {

namespace {

constexpr std::size_t most_control = std::size_t{32} << 20;
constexpr std::size_t most_message = std::size_t{1} << 30;
constexpr auto key_directory = "ssl/domainkeys";

std::unexpected<Error> failure(std::string_view what, const std::string& path) {
    const int reason = errno;
    return fail("qmail.system",
                Fault::us,
                fmt::format("cannot {} {}: {}", what, path, system_text(reason)));
}

Result<std::string> read_all(int descriptor, const std::string& name, std::size_t limit) {
    std::string all;
    struct stat status{};
    if (::fstat(descriptor, &status) == 0 && status.st_size > 0 &&
        std::cmp_less_equal(status.st_size, limit)) {
        all.reserve(static_cast<std::size_t>(status.st_size));
    }
    std::array<char, 65536> buffer{};
    while (true) {
        const auto count = ::read(descriptor, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return failure("read", name);
        }
        if (count == 0) {
            return all;
        }
        all.append(buffer.data(), static_cast<std::size_t>(count));
        if (all.size() > limit) {
            return fail("qmail.too_large", Fault::us, fmt::format("{} has too many octets", name));
        }
    }
}

Result<void> write_all(int descriptor, std::string_view bytes, const std::string& name) {
    while (!bytes.empty()) {
        const auto count = ::write(descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return failure("write", name);
        }
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return {};
}

// qmail-rspawn gives its children one pipe as descriptors 1 and 2: a word on 2 would be taken for a part of the report.
bool is_own_channel(int descriptor) {
    struct stat ours{};
    struct stat report{};
    return ::fstat(descriptor, &ours) == 0 &&
           (::fstat(STDOUT_FILENO, &report) != 0 || ours.st_dev != report.st_dev ||
            ours.st_ino != report.st_ino);
}

class System final : public Machine {
  public:
    explicit System(std::string name) : name_(std::move(name)) {
        ::umask(077);
        ::openlog(name_.c_str(), LOG_PID, LOG_MAIL);
    }

    Result<void> change_directory(const std::string& path) override {
        if (::chdir(path.c_str()) != 0) {
            return failure("switch to", path);
        }
        return {};
    }

    Result<std::optional<std::string>> read_file(const std::string& path) override {
        const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
        if (file < 0) {
            if (errno == ENOENT) {
                return std::optional<std::string>{};
            }
            return failure("open", path);
        }
        auto text = read_all(file, path, most_control);
        ::close(file);
        if (!text) {
            return std::unexpected(std::move(text).error());
        }
        return std::optional(*std::move(text));
    }

    bool has_key_directory(const DomainName& domain) override {
        return keydir::has_domain({.path = key_directory}, domain);
    }

    Result<std::shared_ptr<crypto::PrivateKey>> load_key(const DomainName& domain,
                                                         const Selector& selector,
                                                         dkim::Algorithm algorithm) override {
        return keydir::load_key({.path = key_directory}, domain, selector, algorithm);
    }

    Result<std::string> read_message() override {
        return read_all(STDIN_FILENO, "the message", most_message);
    }

    std::vector<std::string> list(const std::string& directory) override {
        std::vector<std::string> names;
        DIR* folder = ::opendir(directory.c_str());
        if (folder == nullptr) {
            return names;
        }
        // One thread, and the stream is this function's own.
        while (const auto* entry = ::readdir(folder)) {  // NOLINT(concurrency-mt-unsafe)
            names.emplace_back(std::data(entry->d_name));
        }
        ::closedir(folder);
        return names;
    }

    bool is_alive(std::int64_t process) override {
        return ::kill(static_cast<pid_t>(process), 0) == 0 || errno != ESRCH;
    }

    std::int64_t own_process() override { return ::getpid(); }

    Result<void> create_stage(const std::string& path) override {
        constexpr int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
        stage_path_ = path;
        stage_ = ::open(path.c_str(), flags, 0600);
        if (stage_ < 0 && errno == ENOENT) {
            ::mkdir(path.substr(0, path.rfind('/')).c_str(), 0700);
            stage_ = ::open(path.c_str(), flags, 0600);
        }
        if (stage_ < 0) {
            return failure("make", path);
        }
        return {};
    }

    Result<void> write_stage(std::string_view bytes) override {
        return write_all(stage_, bytes, stage_path_);
    }

    Result<void> stage_becomes_input() override {
        if (::lseek(stage_, 0, SEEK_SET) != 0 || ::dup2(stage_, STDIN_FILENO) < 0) {
            return failure("go back in", stage_path_);
        }
        ::close(stage_);
        return {};
    }

    Result<void> remove(const std::string& path) override {
        if (::unlink(path.c_str()) != 0) {
            return failure("unlink", path);
        }
        return {};
    }

    Result<void> run(const std::string& program,
                     const std::vector<std::string>& arguments) override {
        // The rights of qmailq are for keys and stage files: whoever comes after has those of the caller.
        const auto user = ::getuid();
        const auto group = ::getgid();
        if ((::getegid() != group && ::setresgid(group, group, group) != 0) ||
            (::geteuid() != user && ::setresuid(user, user, user) != 0)) {
            return failure("give up the rights of", "this program");
        }
        struct stat own{};
        struct stat next{};
        if (::stat("/proc/self/exe", &own) == 0 && ::stat(program.c_str(), &next) == 0 &&
            own.st_dev == next.st_dev && own.st_ino == next.st_ino) {
            return fail("qmail.loop", Fault::us, program + " is this program itself");
        }
        std::vector<char*> pointers;
        pointers.reserve(arguments.size() + 1);
        for (const auto& argument : arguments) {
            pointers.push_back(const_cast<char*>(argument.c_str()));  // execv does not write to it
        }
        pointers.push_back(nullptr);
        ::execv(program.c_str(), pointers.data());
        return failure("run", program);
    }

    void report(std::string_view text) override {
        static_cast<void>(write_all(STDOUT_FILENO, text, "the report"));
    }

    void log(std::string_view text) override {
        ::syslog(LOG_WARNING, "%.*s", static_cast<int>(text.size()), text.data());
        if (is_own_channel(STDERR_FILENO)) {
            static_cast<void>(std::fprintf(
                stderr, "%s: %.*s\n", name_.c_str(), static_cast<int>(text.size()), text.data()));
        }
    }

  private:
    std::string name_;
    std::string stage_path_;
    int stage_ = -1;
};

}  // namespace

std::unique_ptr<Machine> make_machine(const std::string& name) {
    return std::make_unique<System>(name);
}

std::string find_home() {
    const char* home = ::secure_getenv("BULLA_QMAIL_HOME");
    return home != nullptr && *home == '/' ? home : "/var/qmail";
}

}  // namespace bulla::qmail
