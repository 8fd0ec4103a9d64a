#include "seal/sealer.h"

#include "seal/checkpoint_file.h"
#include "seal/group_sealer.h"

#include <future>

namespace bulla::seal {
namespace {

constexpr int node_shift = 40;

Result<std::int64_t> load_last_pack(store::Connection& connection, unsigned node) {
    const auto first = static_cast<std::int64_t>(node) << node_shift;
    BULLA_TRY(row,
              connection.query_first<std::int64_t>(
                  "select id from pack where id >= :first and id < :last order by id desc limit 1",
                  {first, first + (std::int64_t{1} << node_shift)}));
    return row ? std::get<0>(*row) : first;
}

}  // namespace

Result<std::unique_ptr<Sealer>> Sealer::open(const SealerOptions& options,
                                             store::Database& database,
                                             const vault::Vault& vault,
                                             std::shared_ptr<const crypto::Signer> log_signer,
                                             const Clock& clock,
                                             Random& random) {
    auto& files = options.files != nullptr ? *options.files : FileOps::system();
    const LogIdentity log{.origin = options.origin, .signer = std::move(log_signer)};
    BULLA_TRY(connection, database.connect(store::Access::read_write));
    BULLA_TRY(edge, load_log_edge(connection, log));
    BULLA_TRY(seen, load_checkpoint_file(options.state_path));
    if (seen) {
        BULLA_CHECK(check_not_rolled_back(connection, edge, *seen, log));
    }
    BULLA_TRY(last_pack, load_last_pack(connection, options.node));
    BULLA_TRY(folder,
              PackFolder::open({.path = options.volume_path,
                                .volume = options.volume_name,
                                .node = options.node,
                                .last_number = last_pack},
                               vault.label_key(vault::Label::volumes),
                               files));
    const CommitterParts parts{.database = database,
                               .folder = *folder,
                               .files = files,
                               .log = log,
                               .clock = clock,
                               .random = random,
                               .node = options.node,
                               .max_pack_bytes = options.max_pack_bytes,
                               .commit = options.commit};
    auto committer = std::make_unique<Committer>(parts, std::move(connection), std::move(edge));
    BULLA_CHECK(committer->start());
    return std::make_unique<GroupSealer>(
        options, files, random, std::move(folder), std::move(committer));
}

Result<Committed> Sealer::commit(Batch batch) {
    std::promise<Result<Committed>> promise;
    auto future = promise.get_future();
    batch.done = [&promise, before = std::move(batch.done)](Result<Committed> committed) {
        if (before) {
            before(committed);
        }
        promise.set_value(std::move(committed));
    };
    submit(std::move(batch));
    return future.get();
}

}  // namespace bulla::seal
