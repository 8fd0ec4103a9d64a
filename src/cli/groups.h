#pragma once
#include "cli/command.h"

namespace bulla::cli {

// One function a group of commands; each stands in <group>_commands.cpp.
void add_instance_commands(CLI::App& root, Context& context);  // init, serve, status, database
void add_domain_commands(CLI::App& root, Context& context);
void add_account_commands(CLI::App& root, Context& context);
/// `bulla account totp`.
void add_totp_commands(CLI::App& account, Context& context);
void add_session_commands(CLI::App& root, Context& context);
void add_token_commands(CLI::App& root, Context& context);
void add_settings_commands(CLI::App& root, Context& context);
/// `bulla dns check` and `bulla setup`.
void add_setup_commands(CLI::App& root, Context& context);
void add_signer_commands(CLI::App& root, Context& context);
void add_group_commands(CLI::App& root, Context& context);
void add_queue_commands(CLI::App& root, Context& context);
/// `bulla dkim`: the group itself, with the key set of a domain in it; add_dkim_tool_commands() adds the tools that need no instance.
CLI::App& add_dkim_commands(CLI::App& root, Context& context);
void add_dkim_tool_commands(CLI::App& dkim, Context& context);
/// `bulla arc`, which needs no instance.
void add_arc_commands(CLI::App& root, Context& context);
void add_dkim_policy_commands(CLI::App& dkim, Context& context);
/// `bulla dkim policy sign`.
void add_policy_sign(CLI::App& policy, Context& context);
/// `bulla dkim import opendkim` and its like, below the command that takes one key.
void add_dkim_import_commands(CLI::App& import, Context& context);
void add_archive_commands(CLI::App& root, Context& context);
void add_log_commands(CLI::App& root, Context& context);
void add_explain_command(CLI::App& root, Context& context);
void add_check_command(CLI::App& root, Context& context);
void add_manual_commands(CLI::App& root, Context& context);  // help, completion

}  // namespace bulla::cli
