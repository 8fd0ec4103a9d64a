#include "gateway/exits/maildir.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace bulla::gateway {

namespace {

constexpr std::size_t max_component = 255;
constexpr std::size_t write_chunk = std::size_t{256} << 10;

class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}

    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;

    ~Descriptor() {
        if (fd_ >= 0) {
            close(fd_);
        }
    }

    [[nodiscard]] int get() const { return fd_; }

  private:
    int fd_;
};

std::unexpected<Error> failure(std::string_view what, const std::string& path) {
    const int reason = errno;
    const bool full = reason == ENOSPC || reason == EDQUOT;
    return fail(
        full ? "exit.full" : "exit.maildir",
        Fault::temporary,
        fmt::format("cannot {} {}: {}", what, path, std::generic_category().message(reason)));
}

std::string escape(std::string_view local) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string out;
    for (char c : local) {
        if (c >= 'A' && c <= 'Z') {
            c = static_cast<char>(c - 'A' + 'a');
        }
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                           c == '_' || c == '+' || c == '=' || (c == '.' && !out.empty());
        if (plain) {
            out.push_back(c);
        } else {
            out.push_back('%');
            out.push_back(digits[static_cast<unsigned char>(c) >> 4]);
            out.push_back(digits[static_cast<unsigned char>(c) & 15]);
        }
    }
    return out;
}

Result<void> sync_directory(const std::string& path) {
    const Descriptor directory(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (directory.get() < 0 || fsync(directory.get()) != 0) {
        return failure("sync", path);
    }
    return {};
}

// Makes a directory and the missing ones above it; each new name is synced, or it could be gone after a power cut.
Result<void> make_directory(const std::string& path) {
    struct stat info{};
    if (stat(path.c_str(), &info) == 0) {
        return {};
    }
    const auto slash = path.find_last_of('/');
    const std::string parent =
        slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
    if (slash != std::string::npos && slash != 0) {
        BULLA_CHECK(make_directory(parent));
    }
    if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
        return failure("make the directory", path);
    }
    return sync_directory(parent);
}

Result<void> write_all(int fd, std::string_view bytes, const std::string& path) {
    while (!bytes.empty()) {
        const auto wrote = write(fd, bytes.data(), bytes.size());
        if (wrote < 0) {
            if (errno == EINTR) {
                continue;
            }
            return failure("write", path);
        }
        bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return {};
}

Result<void> write_with_lf(int fd,
                           std::span<const std::string_view> pieces,
                           const std::string& path) {
    std::string chunk;
    chunk.reserve(write_chunk + 1024);
    for (auto piece : pieces) {
        if (piece.starts_with('\n') && chunk.ends_with('\r')) {
            chunk.pop_back();  // the line end lay across two pieces
        }
        while (!piece.empty()) {
            const auto cr = piece.find("\r\n");
            const auto take = std::min(cr, std::min(piece.size(), write_chunk));
            chunk += piece.substr(0, take);
            piece.remove_prefix(take);
            if (take == cr) {
                piece.remove_prefix(1);  // the LF stays and is taken with what follows
            }
            if (chunk.size() >= write_chunk && !chunk.ends_with('\r')) {
                BULLA_CHECK(write_all(fd, chunk, path));
                chunk.clear();
            }
        }
    }
    return write_all(fd, chunk, path);
}

Result<void> write_file(const std::string& path, std::span<const std::string_view> pieces) {
    const Descriptor file(
        open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0) {
        return failure("create", path);
    }
    BULLA_CHECK(write_with_lf(file.get(), pieces, path));
    if (fsync(file.get()) != 0) {
        return failure("sync", path);
    }
    return {};
}

}  // namespace

Result<std::string> maildir_path(std::string_view pattern, const Mailbox& mailbox) {
    const auto local = escape(mailbox.local());
    if (local.size() > max_component || mailbox.domain().ascii().size() > max_component) {
        return fail("exit.bad_recipient",
                    Fault::sender,
                    fmt::format("<{}>: the local part is too long for a mailbox", mailbox.text()));
    }
    std::string path;
    while (!pattern.empty()) {
        const auto brace = pattern.find('{');
        path += pattern.substr(0, brace);
        if (brace == std::string_view::npos) {
            break;
        }
        pattern.remove_prefix(brace);
        if (pattern.starts_with("{local}")) {
            path += local;
            pattern.remove_prefix(7);
        } else if (pattern.starts_with("{domain}")) {
            path += mailbox.domain().ascii();
            pattern.remove_prefix(8);
        } else {
            path += '{';
            pattern.remove_prefix(1);
        }
    }
    return path;
}

Result<void> store_in_maildir(const std::string& path,
                              const std::string& name,
                              std::span<const std::string_view> pieces) {
    for (const auto* part : {"/tmp", "/new", "/cur"}) {
        BULLA_CHECK(make_directory(path + part));
    }
    const auto written = path + "/tmp/" + name;
    const auto stored = path + "/new/" + name;
    if (auto outcome = write_file(written, pieces); !outcome) {
        unlink(written.c_str());
        return outcome;
    }
    if (rename(written.c_str(), stored.c_str()) != 0) {
        auto outcome = failure("rename", written);
        unlink(written.c_str());
        return outcome;
    }
    return sync_directory(path + "/new");
}

}  // namespace bulla::gateway
