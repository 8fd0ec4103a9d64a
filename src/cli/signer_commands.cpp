#include "base/file.h"
#include "cli/call.h"
#include "cli/groups.h"
#include "cli/output.h"
#include "crypto/key.h"

#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <ostream>
#include <unistd.h>

namespace bulla::cli {
namespace {

using nlohmann::json;

struct SignerOptions {
    std::string id{};
    std::string type{};
    std::int64_t bits = 0;
    std::string key_file{};
    std::string public_file{};
    bool keep = false;
};

Result<void> save_public_key(const std::string& path, const std::string& pem) {
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    const bool written =
        fd >= 0 && ::write(fd, pem.data(), pem.size()) == static_cast<ssize_t>(pem.size());
    if (fd >= 0) {
        ::close(fd);
    }
    return written ? Result<void>()
                   : fail("signer.cannot_save",
                          Fault::us,
                          path +
                              ": cannot be written; the signer is made, and `bulla signer list` "
                              "names its key file");
}

/// The call's arguments for a key that lies in a file: its path, or its content.
Result<json> take_key_file(const SignerOptions& options) {
    if (options.keep) {
        return json{
            {"id", options.id},
            {"path", std::filesystem::absolute(options.key_file).lexically_normal().string()}};
    }
    BULLA_TRY(pem, load_secret_file(options.key_file, 65536, FileAccess::owner_only));
    return json{{"id", options.id}, {"private_key", pem.view()}};
}

/// The call's arguments for a new key. The parameters of a DSA key take long to find, so that is done here, not in the daemon.
Result<json> make_key(const SignerOptions& options, bool& imports) {
    if (options.type != "dsa") {
        json out = {{"id", options.id}, {"bits", options.bits}};
        if (!options.type.empty()) {
            out["type"] = options.type;
        }
        return out;
    }
    BULLA_TRY(
        key,
        crypto::PrivateKey::generate(crypto::KeyType::dsa, static_cast<std::size_t>(options.bits)));
    imports = true;
    return json{{"id", options.id}, {"private_key", key->pem().view()}};
}

/// The kind of key that the signer has, so that the dear kind is made here too.
Result<void> take_present_kind(const Context& context, SignerOptions& options) {
    BULLA_TRY(signers, call(context, "signer.list", json::object()));
    for (const auto& signer : signers) {
        if (show(signer, "id") == options.id && show(signer, "algorithm") == "dsa") {
            options.type = "dsa";
            options.bits = options.bits == 0 ? signer.value("bits", 0LL) : options.bits;
        }
    }
    return {};
}

Result<ExitCode> call_and_save(const Context& context,
                               const char* service,
                               const json& arguments,
                               const SignerOptions& options) {
    BULLA_TRY(value, call(context, service, arguments));
    if (!options.public_file.empty()) {
        BULLA_CHECK(save_public_key(options.public_file, show(value, "public_key")));
    }
    if (context.json) {
        print_json(context.out, value);
        return ExitCode::ok;
    }
    context.out << "signer " << show(value, "id") << ": " << show(value, "algorithm") << ' '
                << show(value, "bits") << " bits, fingerprint " << show(value, "fingerprint")
                << "\nprivate key: " << printable(show(value, "private_key"))
                << "\npublic key:  " << printable(show(value, "public_key_file")) << '\n';
    return ExitCode::ok;
}

void add_type_options(CLI::App& command, SignerOptions& options, const char* otherwise) {
    command.add_option("-t,--type",
                       options.type,
                       std::string("p256, p384, ed25519, rsa or dsa [") + otherwise + "]");
    command.add_option(
        "-b,--bits", options.bits, "rsa: 2048 to 8192 [2048]; dsa: 2048, 3072 or 4096 [2048]");
}

void add_create(CLI::App& group, Context& context) {
    CLI::App& command = add_command(
        group,
        "create",
        {"Make a signer and its key pair", "bulla signer create archive -o archive.pub.pem"});
    const auto options = std::make_shared<SignerOptions>();
    command.add_option("ID", options->id, "The signer's name; groups refer to it")->required();
    add_type_options(command, *options, "p256");
    command.add_option("-o,--output", options->public_file, "Write the public key there too")
        ->type_name("FILE");
    add_instance_options(command, context);
    set_action(command, context, [&context, options]() -> Result<ExitCode> {
        bool imports = false;
        BULLA_TRY(arguments, make_key(*options, imports));
        return call_and_save(
            context, imports ? "signer.import" : "signer.create", arguments, *options);
    });
}

void add_import(CLI::App& group, Context& context) {
    CLI::App& command = add_command(group,
                                    "import",
                                    {"Make a signer from a private key as openssl writes it",
                                     "openssl dsaparam -out param.pem 4096 && openssl gendsa -out "
                                     "prv_archive_4096.pem param.pem\n"
                                     "  bulla signer import archive prv_archive_4096.pem"});
    const auto options = std::make_shared<SignerOptions>();
    command.add_option("ID", options->id, "The signer's name; groups refer to it")->required();
    command
        .add_option("FILE",
                    options->key_file,
                    "The private key (PEM: RSA, EC, DSA or PKCS#8), readable by its owner alone")
        ->required();
    command.add_flag("--keep",
                     options->keep,
                     "Leave the key in its file, which the daemon must be able to read, instead of "
                     "copying it into the vault");
    command.add_option("-o,--output", options->public_file, "Write the public key there too")
        ->type_name("OUT");
    add_instance_options(command, context);
    set_action(command, context, [&context, options]() -> Result<ExitCode> {
        BULLA_TRY(arguments, take_key_file(*options));
        return call_and_save(context, "signer.import", arguments, *options);
    });
}

void add_rotate(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group,
                    "rotate",
                    {"Give a signer a new key; what the old one signed stays verifiable",
                     "bulla signer rotate archive -t p384"});
    const auto options = std::make_shared<SignerOptions>();
    command.add_option("ID", options->id, "The signer")->required();
    add_type_options(command, *options, "the type it has");
    command.add_option("--key", options->key_file, "Use this private key instead of making one")
        ->type_name("FILE");
    command.add_flag("--keep", options->keep, "With --key: leave the key in its file");
    command.add_option("-o,--output", options->public_file, "Write the public key there too")
        ->type_name("OUT");
    add_instance_options(command, context);
    set_action(command, context, [&context, options]() -> Result<ExitCode> {
        bool imports = false;
        if (options->key_file.empty() && options->type.empty()) {
            BULLA_CHECK(take_present_kind(context, *options));
        }
        BULLA_TRY(
            arguments,
            options->key_file.empty() ? make_key(*options, imports) : take_key_file(*options));
        return call_and_save(context, "signer.rotate", arguments, *options);
    });
}

void add_retire(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group,
                    "retire",
                    {"Sign no more with a signer and delete its private key from the vault",
                     "bulla signer retire archive2019"});
    const auto options = std::make_shared<SignerOptions>();
    command.add_option("ID", options->id, "The signer")->required();
    add_instance_options(command, context);
    set_action(command, context, [&context, options] {
        return call_and_print(
            context, "signer.retire", {{"id", options->id}}, [&](const json& value) {
                context.out << show(value, "id")
                            << " is retired; its public keys stay for verification\n";
            });
    });
}

void add_list(CLI::App& group, Context& context) {
    CLI::App& command =
        add_command(group, "list", {"List the signers", "bulla signer list --json"});
    add_instance_options(command, context);
    set_action(command, context, [&context] {
        return call_and_print(context, "signer.list", json::object(), [&](const json& value) {
            Table table({"SIGNER", "TYPE", "BITS", "STATE", "KEYS", "PRIVATE KEY", "FINGERPRINT"});
            for (const auto& signer : value) {
                const bool retired = !signer["retired"].is_null();
                table.add({show(signer, "id"),
                           show(signer, "algorithm"),
                           show(signer, "bits"),
                           retired                        ? "retired"
                           : signer.value("ready", false) ? "ready"
                                                          : "cannot sign",
                           std::to_string(signer["keys"].size()),
                           show(signer, "private_key"),
                           show(signer, "fingerprint")});
            }
            table.print(context.out, "there are no signers: what is archived is not signed");
        });
    });
}

}  // namespace

void add_signer_commands(CLI::App& root, Context& context) {
    CLI::App& group =
        add_group(root, "signer", {"Who signs archived messages", "bulla signer create archive"});
    add_create(group, context);
    add_import(group, context);
    add_rotate(group, context);
    add_retire(group, context);
    add_list(group, context);
}

}  // namespace bulla::cli
