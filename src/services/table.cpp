#include "services/table.h"

#include <array>

namespace bulla::services {
namespace {

using enum Work;

constexpr std::array services{
    Service{"domain.add", changes, add_domain},
    Service{"domain.list", reads, list_domains},
    Service{"domain.remove", changes, remove_domain},
    Service{"domain.disable", changes, set_domain_disabled},
    Service{"account.add", changes, add_account},
    Service{"account.list", reads, list_accounts},
    Service{"account.passwd", changes, set_account_password},
    Service{"account.role", changes, set_account_role},
    Service{"account.disable", changes, set_account_disabled},
    Service{"account.address", changes, set_account_address},
    Service{"account.rename", changes, rename_account},
    Service{"account.remove", changes, remove_account},
    Service{"settings.get", reads, get_setting},
    Service{"settings.list", reads, list_setting_values},
    Service{"settings.set", changes, set_setting},
    Service{"settings.reset", changes, reset_setting},
    Service{"dkim.add", changes_itself, add_dkim_key},
    Service{"dkim.list", reads, list_dkim_keys},
    Service{"dkim.policy", reads, show_dkim_policy},
    Service{"dkim.policy.get", reads, give_dkim_policy},
    Service{"dkim.policy.try", reads, try_dkim_policy},
    Service{"dkim.policy.set", changes, set_dkim_policy},
    Service{"dkim.activate", changes, activate_dkim_key},
    Service{"dkim.remove", changes, remove_dkim_key},
    Service{"dkim.rotate", changes_itself, rotate_dkim_keys},
    Service{"dkim.check", changes_itself, check_dkim_keys},
    Service{"signer.create", changes, create_signer},
    Service{"signer.import", changes, import_signer},
    Service{"signer.rotate", changes, rotate_signer},
    Service{"signer.retire", changes, retire_signer},
    Service{"signer.list", reads, list_signers},
    Service{"group.add", changes, add_group},
    Service{"group.set", changes, set_group},
    Service{"group.remove", changes, remove_group},
    Service{"group.list", reads, list_groups},
    Service{"group.member.add", changes, add_group_member},
    Service{"group.member.remove", changes, remove_group_member},
    Service{"queue.list", reads, list_queue},
    Service{"queue.show", reads, show_queue},
    Service{"queue.retry", changes, retry_delivery},
    Service{"queue.hold", changes, hold_delivery},
    Service{"queue.release", changes, release_delivery},
    Service{"queue.delete", changes, remove_delivery},
    Service{"status", reads, show_status},
    Service{"reload", changes, reload_instance},
    Service{"audit.list", reads, list_audit},
    Service{"archive.list", reads, list_messages},
    Service{"archive.show", reads, show_message},
    Service{"archive.raw", reads, give_message},
    Service{"archive.proof", reads, prove_message},
    Service{"archive.export", reads, export_message},
    Service{"archive.verify", reads, verify_message},
    Service{"archive.verify_all", reads, verify_messages},
    Service{"job.show", reads, show_job},
    Service{"job.cancel", reads, cancel_job},
    Service{"archive.content", reads, show_content},
    Service{"archive.view", reads, view_content},
    Service{"archive.part", reads, load_part},
    Service{"stats", reads, show_stats},
    Service{"search", reads, search_all},
    Service{"explain", reads, explain_message},
    Service{"log.show", reads, show_log},
    Service{"log.checkpoint", reads, give_checkpoint},
    Service{"log.checkpoints", reads, list_checkpoints},
    Service{"log.consistency", reads, prove_consistency},
    Service{"dns.check", reads, check_dns},
    Service{"setup.checklist", reads, list_setup},
    Service{"setup.confirm", changes, confirm_setup},
    Service{"auth.login", changes_itself, log_in},
    Service{"auth.session", changes_itself, show_session},
    Service{"auth.logout", changes_itself, log_out},
    Service{"auth.password", changes_itself, change_own_password},
    Service{"session.list", reads, list_sessions},
    Service{"session.revoke", changes, revoke_sessions},
    Service{"token.create", changes, create_token},
    Service{"token.list", reads, list_tokens},
    Service{"token.revoke", changes, revoke_token},
    Service{"totp.enroll", changes, enroll_totp},
    Service{"totp.confirm", changes, confirm_totp},
    Service{"totp.disable", changes, disable_totp},
};

}  // namespace

std::span<const Service> list_services() {
    return services;
}

}  // namespace bulla::services
