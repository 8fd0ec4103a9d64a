#pragma once
#include "services/service.h"

// Every service, one group a file; table.cpp lists them by name. Arguments and value of each stand above it.

namespace bulla::services {

using nlohmann::json;

// domain.cpp
Result<json> add_domain(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> list_domains(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> remove_domain(ServiceContext& context, const Caller& caller, const json& arguments);
// account.cpp, account_list.cpp
Result<json> add_account(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> list_accounts(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> set_account_password(ServiceContext& context,
                                  const Caller& caller,
                                  const json& arguments);
Result<json> set_account_role(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> set_account_disabled(ServiceContext& context,
                                  const Caller& caller,
                                  const json& arguments);
// setting.cpp
Result<json> get_setting(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> list_setting_values(ServiceContext& context,
                                 const Caller& caller,
                                 const json& arguments);
Result<json> set_setting(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> reset_setting(ServiceContext& context, const Caller& caller, const json& arguments);
// dkim_key.cpp
Result<json> add_dkim_key(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> list_dkim_keys(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> activate_dkim_key(ServiceContext& context,
                               const Caller& caller,
                               const json& arguments);
Result<json> remove_dkim_key(ServiceContext& context, const Caller& caller, const json& arguments);
// signer.cpp, signer_change.cpp
Result<json> create_signer(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> import_signer(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> rotate_signer(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> retire_signer(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> list_signers(ServiceContext& context, const Caller& caller, const json& arguments);
// group.cpp
Result<json> add_group(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> set_group(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> remove_group(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> list_groups(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> add_group_member(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> remove_group_member(ServiceContext& context,
                                 const Caller& caller,
                                 const json& arguments);
// queue.cpp
Result<json> list_queue(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> show_queue(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> retry_delivery(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> hold_delivery(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> release_delivery(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> remove_delivery(ServiceContext& context, const Caller& caller, const json& arguments);
// status.cpp
Result<json> show_status(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> reload_instance(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> list_audit(ServiceContext& context, const Caller& caller, const json& arguments);

}  // namespace bulla::services
