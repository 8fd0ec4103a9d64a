#include "services/owner.h"

#include <array>
#include <filesystem>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace bulla::services {

Result<void> become_owner_of(const std::string& path) {
    struct stat info{};
    if (::geteuid() != 0 || ::stat(path.c_str(), &info) != 0 || info.st_uid == 0) {
        return {};
    }
    if (::setgroups(0, nullptr) != 0 || ::setresgid(info.st_gid, info.st_gid, info.st_gid) != 0 ||
        ::setresuid(info.st_uid, info.st_uid, info.st_uid) != 0) {
        return fail("instance.cannot_drop", Fault::us, "cannot become the owner of " + path);
    }
    return {};
}

std::string user_name(uid_t uid) {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) {
        return entry.pw_name;
    }
    return std::to_string(uid);
}

Result<void> give_to(const std::string& path, const std::string& user) {
    std::array<char, 4096> buffer{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
        found == nullptr) {
        return fail("instance.no_user", Fault::sender, "there is no user " + user);
    }
    const auto give = [&](const std::string& one) {
        return ::lchown(one.c_str(), entry.pw_uid, entry.pw_gid) == 0;
    };
    bool given = give(path);
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
        for (const auto& inside : std::filesystem::recursive_directory_iterator(path, error)) {
            given = give(inside.path().string()) && given;
        }
    }
    if (!given || error) {
        return fail("instance.cannot_give",
                    Fault::us,
                    "cannot give " + path + " to " + user + ": are you root?");
    }
    return {};
}

}  // namespace bulla::services
