#include "services/table.h"

#include <array>

namespace bulla::services {
namespace {

constexpr bool reads = false;
constexpr bool changes = true;

constexpr std::array services{
    Service{"domain.add", changes, add_domain},
    Service{"domain.list", reads, list_domains},
    Service{"domain.remove", changes, remove_domain},
    Service{"account.add", changes, add_account},
    Service{"account.list", reads, list_accounts},
    Service{"account.passwd", changes, set_account_password},
    Service{"account.role", changes, set_account_role},
    Service{"account.disable", changes, set_account_disabled},
    Service{"settings.get", reads, get_setting},
    Service{"settings.list", reads, list_setting_values},
    Service{"settings.set", changes, set_setting},
    Service{"settings.reset", changes, reset_setting},
    Service{"dkim.add", changes, add_dkim_key},
    Service{"dkim.list", reads, list_dkim_keys},
    Service{"dkim.activate", changes, activate_dkim_key},
    Service{"dkim.remove", changes, remove_dkim_key},
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
};

}  // namespace

std::span<const Service> list_services() {
    return services;
}

}  // namespace bulla::services
