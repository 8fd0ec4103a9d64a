#pragma once
#include "services/service.h"

// Every service, one group a file; table.cpp lists them by name. Arguments and value of each stand above it.

namespace bulla::services {

using nlohmann::json;

// domain.cpp
Result<json> add_domain(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> list_domains(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> remove_domain(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> set_domain_disabled(ServiceContext& context,
                                 const Caller& caller,
                                 const json& arguments);
// account_add.cpp, account_change.cpp, account_list.cpp
Result<json> add_account(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> list_accounts(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> set_account_password(ServiceContext& context,
                                  const Caller& caller,
                                  const json& arguments);
Result<json> set_account_role(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> set_account_disabled(ServiceContext& context,
                                  const Caller& caller,
                                  const json& arguments);
Result<json> set_account_address(ServiceContext& context,
                                 const Caller& caller,
                                 const json& arguments);
Result<json> rename_account(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> remove_account(ServiceContext& context, const Caller& caller, const json& arguments);
// setting.cpp
Result<json> get_setting(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> list_setting_values(ServiceContext& context,
                                 const Caller& caller,
                                 const json& arguments);
Result<json> set_setting(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> reset_setting(ServiceContext& context, const Caller& caller, const json& arguments);
// dkim_policy.cpp
Result<json> show_dkim_policy(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> give_dkim_policy(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> try_dkim_policy(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> set_dkim_policy(ServiceContext& context, const Caller& caller, const json& arguments);
// dkim_key.cpp
Result<json> add_dkim_key(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> list_dkim_keys(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> activate_dkim_key(ServiceContext& context,
                               const Caller& caller,
                               const json& arguments);
Result<json> remove_dkim_key(ServiceContext& context, const Caller& caller, const json& arguments);
// dkim_rotation.cpp
Result<json> rotate_dkim_keys(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> test_dkim_key(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> check_dkim_keys(ServiceContext& context, const Caller& caller, const json& arguments);
// dkim_publication.cpp
Result<json> publish_dkim_records(ServiceContext& context,
                                  const Caller& caller,
                                  const json& arguments);
Result<json> withdraw_dkim_record(ServiceContext& context,
                                  const Caller& caller,
                                  const json& arguments);
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
// audit.cpp
Result<json> list_audit(ServiceContext& context, const Caller& caller, const json& arguments);
// archive_list.cpp, archive_show.cpp, archive_verify.cpp
Result<json> list_messages(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> show_message(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> give_message(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> prove_message(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> export_message(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> verify_message(ServiceContext& context, const Caller& caller, const json& arguments);

// job_calls.cpp
Result<json> verify_messages(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> show_job(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> cancel_job(ServiceContext& context, const Caller& caller, const json& arguments);

// log.cpp
Result<json> show_log(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> give_checkpoint(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> list_checkpoints(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> prove_consistency(ServiceContext& context,
                               const Caller& caller,
                               const json& arguments);
// dns_check.cpp
Result<json> check_dns(ServiceContext& context, const Caller& caller, const json& arguments);
// setup.cpp
Result<json> list_setup(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> confirm_setup(ServiceContext& context, const Caller& caller, const json& arguments);
// auth.cpp
Result<json> log_in(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> show_session(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> log_out(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> change_own_password(ServiceContext& context,
                                 const Caller& caller,
                                 const json& arguments);
// session_list.cpp
Result<json> list_sessions(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> revoke_sessions(ServiceContext& context, const Caller& caller, const json& arguments);
// token.cpp
Result<json> create_token(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> list_tokens(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> revoke_token(ServiceContext& context, const Caller& caller, const json& arguments);
// totp.cpp
Result<json> enroll_totp(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> confirm_totp(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> disable_totp(ServiceContext& context, const Caller& caller, const json& arguments);

// stats.cpp, search.cpp, explain.cpp, archive_content.cpp
Result<json> show_stats(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> search_all(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> explain_message(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> show_content(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> view_content(ServiceContext& context, const Caller& caller, const json& arguments);
Result<json> load_part(ServiceContext& context, const Caller& caller, const json& arguments);

}  // namespace bulla::services
