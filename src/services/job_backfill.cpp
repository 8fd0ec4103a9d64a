#include "archive/token_backfill.h"
#include "base/log.h"
#include "services/change.h"
#include "services/job.h"

#include <chrono>
#include <string>
#include <thread>

namespace bulla::services {
namespace {

// A step holds up mail for some milliseconds; after it mail has four times as long for itself.
constexpr std::size_t messages_at_once = 50;
constexpr int share = 4;

Result<bool> do_step(ServiceContext& context) {
    BULLA_TRY(lease, context.database.lease());
    BULLA_TRY(step, archive::make_backfill(*lease, context.vault, messages_at_once));
    if (!step) {
        return false;
    }
    BULLA_CHECK(commit_rows(context, std::move(step->rows)));
    return true;
}

Result<void> fill_tokens(ServiceContext& context, JobProgress& progress) {
    bool is_more = true;
    while (is_more && !progress.stopped()) {
        const auto begun = std::chrono::steady_clock::now();
        BULLA_TRY(more, do_step(context));
        is_more = more;
        progress.rest((std::chrono::steady_clock::now() - begun) * share);
    }
    return {};
}

}  // namespace

void begin_backfill(ServiceContext& context) {
    const auto begun = context.jobs->begin("catalogue", 0, [&context](JobProgress& progress) {
        auto outcome = fill_tokens(context, progress);
        if (!outcome) {
            // The next start goes on with it.
            log::warning("archive.backfill_failed", {{"reason", outcome.error().text}});
        }
        return outcome;
    });
    if (!begun) {
        log::warning("archive.backfill_failed", {{"reason", begun.error().text}});
    }
}

}  // namespace bulla::services
