#include "services/job.h"
#include "services/table.h"

namespace bulla::services {
namespace {

Result<Jobs*> find_jobs(ServiceContext& context) {
    if (!context.jobs) {
        return fail(
            "job.no_daemon", Fault::temporary, "jobs run in the daemon, which is not running");
    }
    return context.jobs.get();
}

Result<std::string> only_job(const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(id, in.text("id", 64));
    BULLA_CHECK(in.finish());
    return id;
}

std::unexpected<Error> bad_choice() {
    return fail("service.bad_argument", Fault::sender, "give ids of messages, or all: true");
}

}  // namespace

// {"ids": [text]} or {"all": true} → Job. Errors: job.no_daemon, job.too_many, archive.no_message (a text that is no id).
Result<json> verify_messages(ServiceContext& context, const Caller&, const json& arguments) {
    Arguments in(arguments);
    BULLA_TRY(texts, in.texts_or("ids", {}));
    BULLA_TRY(all, in.flag_or("all", false));
    BULLA_CHECK(in.finish());
    BULLA_TRY(jobs, find_jobs(context));
    if (all != texts.empty()) {
        return bad_choice();
    }
    if (all) {
        return jobs->begin("verify", 0, make_verification(context));
    }
    std::vector<MessageId> ids;
    for (const auto& text : texts) {
        const auto id = MessageId::parse(text);
        if (!id) {
            return fail("archive.no_message",
                        Fault::sender,
                        "there is no message \"" + text + "\" in the archive");
        }
        ids.push_back(*id);
    }
    const auto count = ids.size();
    return jobs->begin("verify", count, make_verification(context, std::move(ids)));
}

// {"id"} → Job. Errors: job.no_daemon, job.missing.
Result<json> show_job(ServiceContext& context, const Caller&, const json& arguments) {
    BULLA_TRY(id, only_job(arguments));
    BULLA_TRY(jobs, find_jobs(context));
    return jobs->show(id);
}

// {"id"} → {"id"}; it stops soon after. Errors: job.no_daemon, job.missing.
Result<json> cancel_job(ServiceContext& context, const Caller&, const json& arguments) {
    BULLA_TRY(id, only_job(arguments));
    BULLA_TRY(jobs, find_jobs(context));
    BULLA_CHECK(jobs->cancel(id));
    return json{{"id", id}};
}

}  // namespace bulla::services
