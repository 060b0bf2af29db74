package check

import (
	"errors"
	"maps"
	"os"
	"strings"
	"time"
)

// holes is what the tests plant, by what is wrong.
func holes() map[string]hole {
	all := map[string]hole{}
	for _, some := range []map[string]hole{ourHoles(), storeHoles(), xrdpHoles(), xrdpSettingHoles(), sshHoles(), pamHoles(), accountHoles(), hostHoles(), serviceHoles()} {
		maps.Copy(all, some)
	}
	return all
}

// edits returns what replaces words of a file.
func edits(file, old, replacement string) func(*planted) {
	return func(h *planted) { h.edit(file, old, replacement) }
}

func says(old, replacement string) func(*planted) {
	return func(h *planted) { h.says(old, replacement) }
}

func writes(file, text string) func(*planted) {
	return func(h *planted) { h.write(file, text, 0o755) }
}

func removes(file string) func(*planted) {
	return func(h *planted) { h.remove(file) }
}

func chmods(file string, mode os.FileMode) func(*planted) {
	return func(h *planted) { h.chmod(file, mode) }
}

func fails(command string) func(*planted) {
	return func(h *planted) { h.failing[command] = errors.New("it is broken") }
}

func ourHoles() map[string]hole {
	const file = "/etc/tfa/tfa.toml"
	return map[string]hole{
		"configuration_is_missing":             {"config", Hole, "There is no file", removes(file)},
		"configuration_is_wrong":               {"config", Hole, "line 4", writes(file, "\n\n\ntransition = 1\n")},
		"configuration_is_writable":            {"config", Hole, "others than root or you may write it", chmods(file, 0o664)},
		"folder_of_the_configuration_writable": {"config", Hole, "others than root may write /etc/tfa (mode 0777)", chmods("/etc/tfa", 0o777)},
		"configuration_is_for_a_demo":          {"config", Warning, "EV-0000-1 stand in", edits(file, "exempt = ['root']", "[identity]\naccount = 'EV-0000-1'")},
		"gate_is_missing":                      {"programs", Hole, "there is no /usr/bin/tfa-logon", removes("/usr/bin/tfa-logon")},
		"program_is_writable":                  {"programs", Hole, "may write /usr/bin/tfa-admin (mode 0775)", chmods("/usr/bin/tfa-admin", 0o775)},
		"link_leads_to_an_open_folder": {"programs", Hole, "may write /home/x (mode 0777)", func(h *planted) {
			h.write("/home/x/tfa-logon", "", 0o755)
			h.chmod("/home/x", 0o777)
			h.remove("/usr/bin/tfa-logon")
			h.must(os.Symlink(h.path("/home/x/tfa-logon"), h.path("/usr/bin/tfa-logon")))
		}},
		"folder_of_programs_is_writable": {"programs", Hole, "may write /usr/bin (mode 0757)", chmods("/usr/bin", 0o757)},
		"programs_differ": {"versions", Warning, "/usr/bin/tfa-logon is v1", func(h *planted) {
			h.built["/usr/bin/tfa-logon"], h.built["/usr/bin/tfa-admin"] = "v1", "v2"
		}},
		"program_says_no_version":     {"versions", Unknown, "it is broken", fails("version")},
		"account_is_exempt":           {"exempt", Warning, "jan is exempt", edits(file, "['root']", "['root', 'jan']")},
		"exemptions_can_not_be_read":  {"exempt", Unknown, "can't be read", writes(file, "exempt = 1\n")},
		"accounts_can_not_be_counted": {"practice-groups", Unknown, "it is broken", fails("getent")},
	}
}

func storeHoles() map[string]hole {
	const folder = "/var/lib/tfa/EV-0000"
	return map[string]hole{
		"store_is_missing":                {"stores", Hole, "practice EV-0000 has accounts here, and no store", removes(folder)},
		"key_is_missing":                  {"stores", Hole, "is missing", removes(folder + "/tfa.key")},
		"store_is_damaged":                {"stores", Hole, "damaged", func(h *planted) { h.must(os.Truncate(h.path(folder+"/tfa.db"), 100)) }},
		"key_is_open_to_all":              {"stores", Hole, "mode 0644", chmods(folder+"/tfa.key", 0o644)},
		"key_is_writable_by_the_practice": {"stores", Hole, "tfa.key is 0660", chmods(folder+"/tfa.key", 0o660)},
		"store_is_open_to_all":            {"stores", Hole, "tfa.db is 0666", chmods(folder+"/tfa.db", 0o666)},
		"folder_above_is_writable":        {"store-folders", Hole, "others than root may write /var/lib/tfa", chmods("/var/lib/tfa", 0o775)},
		"account_outside_its_group": {"practice-groups", Hole, "EV-0000-3 is not in group tfa-EV-0000", func(h *planted) {
			h.passwd = append(h.passwd, "EV-0000-3:x:2003:2003::/home/EV-0000-3:/bin/sh")
		}},
		"account_not_in_the_store": {"practice-groups", Warning, "EV-0000-3 is not in the store", func(h *planted) {
			h.passwd = append(h.passwd, "EV-0000-3:x:2003:2000007::/home/EV-0000-3:/bin/sh")
		}},
		"stranger_by_first_group": {"practice-groups", Hole, "jan is in group tfa-EV-0000", func(h *planted) {
			h.passwd[3] = "jan:x:1000:2000007::/home/jan:/bin/bash"
		}},
		"stranger_in_the_group": {"practice-groups", Hole, "jan is in group tfa-EV-0000, and is no account of practice EV-0000", func(h *planted) {
			h.group[5] += ",jan"
		}},
		"clock_went_back":         {"clock-behind", Hole, "practice EV-0000 has seen 20", func(h *planted) { h.now = h.now.Add(-48 * time.Hour) }},
		"clock_of_a_closed_store": {"clock-behind", Unknown, "does not open", removes(folder + "/tfa.key")},
		"disk_is_nearly_full":     {"disk-space", Warning, "100 of 20480 MB free", func(h *planted) { h.free = 100 << 20 }},
		"disk_is_full":            {"disk-space", Hole, "0 of 20480 MB free", func(h *planted) { h.free = 0 }},
		"disk_can_not_be_asked":   {"disk-space", Unknown, "it is broken", func(h *planted) { h.noSpace = errors.New("it is broken") }},
		"store_folder_not_readable": {"stores", Unknown, "not a directory", func(h *planted) {
			h.remove("/var/lib/tfa")
			h.write("/var/lib/tfa", "", 0o644)
		}},
	}
}

func xrdpHoles() map[string]hole {
	const sesman, wrapper = "/etc/xrdp/sesman.ini", "/etc/xrdp/startwm-gate.sh"
	return map[string]hole{
		"xrdp_starts_the_desktop":       {"xrdp-gate", Hole, "startwm.sh, which does not start tfa-logon", edits(sesman, "startwm-gate.sh", "startwm.sh")},
		"xrdp_starts_by_default":        {"xrdp-gate", Hole, "startwm.sh", edits(sesman, "DefaultWindowManager=", ";DefaultWindowManager=")},
		"xrdp_starts_the_gate_itself":   {"xrdp-gate", Hole, "the gate itself", edits(sesman, "/etc/xrdp/startwm-gate.sh", "/usr/bin/tfa-logon")},
		"wrapper_only_speaks_of_gate":   {"xrdp-gate", Hole, "does not start tfa-logon", writes(wrapper, "#!/bin/sh\n# no tfa-logon\nexec startwm.sh\n")},
		"wrapper_was_changed":           {"xrdp-gate", Warning, "not the script of this version", writes(wrapper, "#!/bin/sh\nexec /usr/bin/tfa-logon startwm.sh\n")},
		"wrapper_is_missing":            {"xrdp-wrapper", Hole, "is not there", removes(wrapper)},
		"gate_lost_its_wrapper":         {"xrdp-gate", Hole, "is not there", removes(wrapper)},
		"wrapper_can_not_be_run":        {"xrdp-wrapper", Hole, "not everybody may run", chmods(wrapper, 0o744)},
		"wrapper_is_writable":           {"xrdp-wrapper", Hole, "others than root may write", chmods(wrapper, 0o775)},
		"wrapper_is_of_a_practice":      {"xrdp-wrapper", Hole, "belongs to EV-0000-1", func(h *planted) { h.chown(wrapper, 2001, -1) }},
		"wrapper_is_on_noexec":          {"xrdp-wrapper", Hole, "/etc, which is mounted with noexec", writes("/proc/self/mounts", "a / ext4 rw 0 0\nb /etc ext4 rw,noexec 0 0\n")},
		"settings_are_of_another":       {"xrdp-files", Hole, "belongs to xrdp", func(h *planted) { h.chown("/etc/xrdp/xrdp.ini", 106, -1) }},
		"folder_of_settings_writable":   {"xrdp-files", Hole, "may write /etc/xrdp", chmods("/etc/xrdp", 0o775)},
		"window_manager_is_missing":     {"xrdp-parts", Hole, "/usr/bin/openbox", removes("/usr/bin/openbox")},
		"opengl_is_missing":             {"xrdp-parts", Hole, "no OpenGL", removes("/usr/lib/x86_64-linux-gnu")},
		"desktop_can_be_proxied":        {"xrdp-session-types", Hole, "[vnc-any]", edits("/etc/xrdp/xrdp.ini", "[Xorg]", "[vnc-any]\nlib=libvnc.so\nip=ask\nport=ask5900\n[Xorg]")},
		"other_hosts_can_be_reached":    {"xrdp-session-types", Hole, "[neutrinordp-any]", edits("/etc/xrdp/xrdp.ini", "[Xorg]", "[neutrinordp-any]\nlib=libxrdpneutrinordp.so\nip=ask\nport=ask3389\n[Xorg]")},
		"sessions_by_vnc":               {"xrdp-session-types", Warning, "[xvnc]", edits("/etc/xrdp/xrdp.ini", "[Xorg]", "[Xvnc]\nlib=libvnc.so\nip=127.0.0.1\nport=-1\n[Xorg]")},
		"xterm_is_installed":            {"xrdp-xterm", Warning, "/usr/bin/xterm", writes("/usr/bin/xterm", "")},
		"xrdp_is_too_old":               {"xrdp-alternate-shell-version", Hole, "0.9.21.1-1+deb12u3", func(h *planted) { h.version = "0.9.21.1-1+deb12u3" }},
		"xrdp_of_no_package_is_too_old": {"xrdp-alternate-shell-version", Hole, "0.9.21.1", fails("dpkg-query")},
		"xrdp_says_no_version": {"xrdp-alternate-shell-version", Unknown, "does not say its version", func(h *planted) {
			h.failing["dpkg-query"], h.failing["xrdp-sesman"] = errors.New("none"), errors.New("none")
		}},
		"xrdp_has_published_holes": {"xrdp-vulnerabilities", Hole, "CVE-2025-68670", func(h *planted) {
			h.version = "0.10.1-1"
			h.changeLog("xrdp (0.10.1-1)\n")
		}},
		"xrdp_passes_over_pam": {"xrdp-vulnerabilities", Warning, "CVE-2023-40184", func(h *planted) {
			h.version = "0.9.21.1-1"
			h.changeLog("* CVE-2025-68670 and CVE-2024-39917\n")
		}},
		"change_log_is_missing": {"xrdp-vulnerabilities", Hole, "there is no change log", removes("/usr/share/doc/xrdp")},
		"xrdp_was_not_restarted": {"xrdp-running", Warning, "was changed after process 41", func(h *planted) {
			h.process(41, "xrdp-sesman", h.now.Add(-time.Hour), "/usr/sbin/xrdp-sesman", "-n")
		}},
		"xrdp_reads_another_file": {"xrdp-running", Warning, "reads /root/sesman.ini", func(h *planted) {
			h.process(41, "xrdp-sesman", h.now.Add(time.Hour), "/usr/sbin/xrdp-sesman", "-c", "/root/sesman.ini")
		}},
		// The second kind of green: mended by xrdp itself, and seen to run.
		"holes_were_mended_by_xrdp": {"xrdp-vulnerabilities", OK, "", func(h *planted) {
			h.version = "0.10.5-1"
			h.remove("/usr/share/doc/xrdp")
		}},
		"xrdp_runs_with_these": {"xrdp-running", OK, "", func(h *planted) {
			h.process(41, "xrdp-sesman", h.now.Add(time.Hour), "/usr/sbin/xrdp-sesman", "-n")
			h.process(42, "xrdp", h.now.Add(time.Hour), "/usr/sbin/xrdp", "-n", "-c", "/etc/xrdp/xrdp.ini")
		}},
	}
}

func xrdpSettingHoles() map[string]hole {
	const sesman, xrdp = "/etc/xrdp/sesman.ini", "/etc/xrdp/xrdp.ini"
	return map[string]hole{
		"client_may_name_a_shell":     {"xrdp-alternate-shell", Hole, "AllowAlternateShell is yes", edits(sesman, "AllowAlternateShell=false", "AllowAlternateShell=yes")},
		"shell_is_allowed_by_default": {"xrdp-alternate-shell", Hole, "not set, which means true", edits(sesman, "AllowAlternateShell=false", "")},
		"setting_in_wrong_section":    {"xrdp-alternate-shell", Hole, "not set", edits(sesman, "AllowAlternateShell=false", "[Sessions]\nAllowAlternateShell=false")},
		"the_last_value_counts":       {"xrdp-alternate-shell", Hole, "is 1", edits(sesman, "AllowAlternateShell=false", "AllowAlternateShell=false\nallowalternateshell = 1")},
		"settings_can_not_be_read":    {"xrdp-alternate-shell", Unknown, "no such file", removes(sesman)},
		"home_script_may_replace":     {"xrdp-user-window-manager", Hole, "EnableUserWindowManager is true", edits(sesman, "EnableUserWindowManager=false", "EnableUserWindowManager=true")},
		"programs_start_beside":       {"xrdp-remoteapp", Hole, "rail is true", edits(xrdp, "rail=false", "rail=true")},
		"programs_start_by_default":   {"xrdp-remoteapp", Hole, "not set", edits(xrdp, "rail=false", "")},
		"sessions_are_taken_over":     {"xrdp-policy", Hole, "Policy is Default", edits(sesman, "Policy=UBC", "Policy=Default")},
		"sessions_stay":               {"xrdp-kill-disconnected", Warning, "KillDisconnected is false", edits(sesman, "KillDisconnected=true", "KillDisconnected=false")},
		"exempt_root_by_rdp":          {"xrdp-root-login", Hole, "root is exempt", edits(sesman, "AllowRootLogin=false", "AllowRootLogin=true")},
		"root_by_rdp": {"xrdp-root-login", Warning, "AllowRootLogin is true", func(h *planted) {
			h.edit(sesman, "AllowRootLogin=false", "AllowRootLogin=true")
			h.edit("/etc/tfa/tfa.toml", "['root']", "[]")
		}},
		"encryption_is_negotiated": {"xrdp-security-layer", Warning, "negotiate", edits(xrdp, "security_layer=tls", "security_layer=negotiate")},
		"encryption_is_old":        {"xrdp-security-layer", Hole, "rdp", edits(xrdp, "security_layer=tls", "security_layer=rdp")},
		"client_sets_a_variable":   {"xrdp-shell-variable", Warning, "PassShellAsEnv is X", edits(sesman, "IdleTimeLimit=0", "PassShellAsEnv=X")},
		"pam_is_the_second_lock": {"xrdp-policy", Warning, "PAM asks for the code", func(h *planted) {
			h.edit(sesman, "Policy=UBC", "Policy=Default")
			h.write("/etc/pam.d/xrdp-sesman", pamGate+pamRest, 0o644)
		}},
		"old_word_for_new_xrdp": {"xrdp-policy", Hole, "xrdp 0.10.5-1 wants Separate", func(h *planted) { h.version = "0.10.5-1" }},
		"new_word_for_old_xrdp": {"xrdp-policy", Hole, "wants UBC", edits(sesman, "Policy=UBC", "Policy=Separate")},
		"policy_of_no_version": {"xrdp-policy", Unknown, "does not say its version", func(h *planted) {
			h.failing["dpkg-query"], h.failing["xrdp-sesman"] = errors.New("none"), errors.New("none")
		}},
		"new_name_of_the_policy": {"xrdp-policy", OK, "", func(h *planted) {
			h.version = "0.10.5-1"
			h.edit(sesman, "Policy=UBC", "Policy=separate")
		}},
		"switches_in_other_words": {"xrdp-alternate-shell", OK, "", edits(sesman, "AllowAlternateShell=false", "allowALTERNATEshell = No")},
	}
}

func sshHoles() map[string]hole {
	const gate = "forcecommand exec /usr/bin/tfa-logon --tty -- /usr/lib/tfa/ssh-session"
	return map[string]hole{
		"ssh_gives_a_shell":            {"ssh-gate", Hole, "EV-0000-1 gets a shell", says(gate, "forcecommand none")},
		"ssh_gives_files":              {"ssh-gate", Hole, "internal-sftp, which does not ask", says(gate, "forcecommand internal-sftp")},
		"ssh_has_the_gate_with_no_tty": {"ssh-gate", Hole, "does not ask", says("--tty ", "")},
		"ssh_asks_all_but_one": {"ssh-gate", Hole, "EV-0000-2 gets a shell", func(h *planted) {
			h.sshd["EV-0000-2"] = strings.ReplaceAll(sshdSays, gate, "forcecommand none")
		}},
		"sshd_can_not_be_asked": {"ssh-gate", Unknown, "asking sshd about EV-0000-1: it is broken", fails("sshd")},
		"keys_pass_by_pam": {"ssh-gate", Hole, "gets a shell", func(h *planted) {
			h.says(gate, "forcecommand none")
			h.write("/etc/pam.d/sshd", pamGate+pamRest, 0o644)
		}},
		"ssh_forwards":               {"ssh-forwarding", Hole, "AllowTcpForwarding yes, AllowStreamLocalForwarding yes", says("disableforwarding yes", "disableforwarding no")},
		"ssh_tunnels":                {"ssh-forwarding", Hole, "PermitTunnel is yes", says("permittunnel no", "permittunnel yes")},
		"ssh_takes_an_environment":   {"ssh-environment", Hole, "PermitUserEnvironment is yes", says("permituserenvironment no", "permituserenvironment yes")},
		"ssh_takes_any_variable":     {"ssh-environment", Hole, "AcceptEnv *", says("acceptenv LC_*", "acceptenv *")},
		"ssh_takes_bash_env":         {"ssh-environment", Hole, "AcceptEnv BASH_ENV", says("acceptenv LANG", "acceptenv LANG BASH_ENV")},
		"zsh_reads_a_file":           {"ssh-shells", Hole, "EV-0000-1 has /usr/bin/zsh", func(h *planted) { h.passwd[4] = strings.Replace(h.passwd[4], "/bin/bash", "/usr/bin/zsh", 1) }},
		"bash_reads_a_file":          {"ssh-shells", Hole, "EV-0000-1 has bash", says("setenv SHLVL=1", "setenv A=1")},
		"ssh_runs_an_rc":             {"ssh-user-rc", Warning, "PermitUserRC is yes", says("permituserrc no", "permituserrc yes")},
		"one_code_for_more_sessions": {"ssh-sessions", Warning, "MaxSessions is 10", says("maxsessions 1", "maxsessions 10")},
		"ssh_refuses_practices": {"ssh-gate", NotApplicable, "lets in no account", func(h *planted) {
			h.says(gate, "forcecommand none\ndenygroups tfa-*")
		}},
		"ssh_asks_in_pam": {"ssh-gate", OK, "", func(h *planted) {
			h.says(gate, "forcecommand none")
			h.says("pubkeyauthentication yes", "pubkeyauthentication no")
			h.write("/etc/pam.d/sshd", pamGate+pamRest, 0o644)
		}},
		"forwarding_is_off_one_by_one": {"ssh-forwarding", OK, "", func(h *planted) {
			h.says("disableforwarding yes", "disableforwarding no")
			h.says("forwarding yes", "forwarding no")
		}},
	}
}

func pamHoles() map[string]hole {
	const login = "/etc/pam.d/login"
	return map[string]hole{
		"pam_takes_no_for_yes":       {"pam-gate", Hole, "is sufficient, not required", writes(login, strings.Replace(pamGate, "required", "sufficient", 1))},
		"pam_tells_no_password":      {"pam-gate", Hole, "expose_authtok", writes(login, strings.Replace(pamGate, "expose_authtok ", "", 1))},
		"pam_is_content_before":      {"pam-gate", Hole, "@include common-auth stands before", writes(login, "@include common-auth\n"+pamGate)},
		"pam_module_is_enough":       {"pam-gate", Hole, "pam_unix.so ([success=done default=ignore]) stands before", writes(login, "auth [success=done default=ignore] pam_unix.so\n"+pamGate)},
		"pam_asks_for_two_passwords": {"pam-gate", Hole, "common-auth after the gate", writes(login, pamGate+"@include common-auth\n")},
		"sshd_reads_an_environment":  {"pam-user-environment", Hole, "/etc/pam.d/sshd", edits("/etc/pam.d/sshd", "envfile", "user_readenv=1 envfile")},
		"sshd_reads_one_for_others": {"pam-user-environment", Warning, "/etc/pam.d/sshd", func(h *planted) {
			h.says("usepam yes", "usepam yes\nallowgroups sudo")
			h.edit("/etc/pam.d/sshd", "envfile", "user_readenv=1 envfile")
		}},
		"xrdp_reads_an_environment":      {"pam-user-environment", Hole, "/etc/pam.d/xrdp-sesman", edits("/etc/pam.d/xrdp-sesman", "readenv=1", "user_readenv=1")},
		"su_reads_an_environment":        {"pam-user-environment", Warning, "/etc/pam.d/su", writes("/etc/pam.d/su", "session required pam_env.so user_readenv=1\n")},
		"console_is_open":                {"console", Warning, "lets every account in", writes(login, "@include common-auth\n")},
		"console_has_rules":              {"console", Unknown, "pam_access.so", writes(login, "@include common-auth\naccount required pam_access.so\n")},
		"console_rules_need_not_hold":    {"console", Warning, "lets every account in", writes(login, "@include common-auth\naccount optional pam_access.so\n")},
		"everybody_may_use_su":           {"su", Warning, "everybody may use su", writes("/etc/pam.d/su", "auth sufficient pam_rootok.so\n# auth required pam_wheel.so\n@include common-auth\n")},
		"su_is_not_for_everybody":        {"su", OK, "", func(h *planted) { h.remove("/etc/pam.d/su"); h.chmod("/usr/bin/su", 0o750|os.ModeSetuid) }},
		"comments_are_no_environment":    {"pam-user-environment", OK, "", edits("/etc/pam.d/sshd", "envfile", "# user_readenv=1 envfile")},
		"first_is_something_that_denies": {"pam-gate", OK, "", writes(login, "auth requisite pam_nologin.so\nauth optional pam_faildelay.so\n"+pamGate+pamRest)},
	}
}

func accountHoles() map[string]hole {
	return map[string]hole{
		"account_may_use_sudo":     {"practice-admins", Hole, "EV-0000-1 is in group sudo", func(h *planted) { h.group[1] += ",EV-0000-1" }},
		"account_is_root":          {"practice-admins", Hole, "EV-0000-2 has uid 0", func(h *planted) { h.passwd[5] = "EV-0000-2:x:0:0::/home/EV-0000-2:/bin/sh" }},
		"everybody_may_use_cron":   {"cron", Warning, "2 of 2 accounts of practices may use cron", removes("/etc/cron.allow")},
		"account_may_use_cron":     {"cron", Warning, "1 of 2", writes("/etc/cron.allow", "root\nEV-0000-1\n")},
		"not_all_are_denied_at":    {"cron", Warning, "1 of 2 accounts of practices may use at", func(h *planted) { h.remove("/etc/at.allow"); h.write("/etc/at.deny", "EV-0000-1\n", 0o644) }},
		"account_has_jobs":         {"cron", Warning, "EV-0000-1 has jobs in /var/spool/cron/crontabs/EV-0000-1", writes("/var/spool/cron/crontabs/EV-0000-1", "@reboot x\n")},
		"at_is_for_root_by_itself": {"cron", OK, "", removes("/etc/at.allow")},
		"account_lingers":          {"linger", Warning, "EV-0000-2 lingers", writes("/var/lib/systemd/linger/EV-0000-2", "")},
		"account_has_services":     {"user-units", Warning, "EV-0000-1 has /home/EV-0000-1/.config/systemd/user/x.timer", writes("/home/EV-0000-1/.config/systemd/user/x.timer", "")},
		"account_enabled_services": {"user-units", Warning, "default.target.wants/x.service", writes("/home/EV-0000-1/.config/systemd/user/default.target.wants/x.service", "")},
		"programs_outlive":         {"kill-user-processes", Warning, "KillUserProcesses is no", edits("/etc/systemd/logind.conf.d/tfa.conf", "yes", "no")},
		"programs_outlive_default": {"kill-user-processes", Warning, "KillUserProcesses is no", removes("/etc/systemd/logind.conf.d")},
		"somebody_tried_a_script":  {"home-scripts", Warning, "EV-0000-1 has /home/EV-0000-1/startwm.sh", writes("/home/EV-0000-1/startwm.sh", "")},
		"somebody_set_a_variable":  {"home-scripts", Warning, ".pam_environment", writes("/home/EV-0000-2/.pam_environment", "")},
	}
}

func hostHoles() map[string]hole {
	return map[string]hole{
		"clock_is_left_alone":      {"clock-synchronised", Warning, "nothing has set its clock", func(h *planted) { h.synchronised = false }},
		"clock_can_not_be_asked":   {"clock-synchronised", Unknown, "it is broken", func(h *planted) { h.noClock = errors.New("it is broken") }},
		"programs_see_each_other":  {"ptrace", Warning, "ptrace_scope is 0", writes("/proc/sys/kernel/yama/ptrace_scope", "0\n")},
		"kernel_keeps_none_apart":  {"ptrace", Warning, "has no Yama", removes("/proc/sys/kernel/yama")},
		"memory_is_swapped":        {"swap", Warning, "/swapfile is in use", edits("/proc/swaps", "/dev/zram0", "/swapfile")},
		"memory_is_perhaps_sealed": {"swap", Unknown, "/dev/dm-1 may be encrypted", edits("/proc/swaps", "/dev/zram0", "/dev/dm-1")},
		"cockpit_is_installed":     {"other-doors", Warning, "Cockpit", writes("/usr/lib/cockpit/cockpit-ws", "")},
		"cockpit_runs":             {"other-doors", Hole, "Cockpit (a shell in the browser) runs", func(h *planted) { h.process(7, "cockpit-ws", h.now, "cockpit-ws") }},
		"samba_runs":               {"other-doors", Warning, "files by Samba runs", func(h *planted) { h.process(7, "smbd", h.now, "smbd") }},
		"long_names_are_found":     {"other-doors", Hole, "gnome-remote-desktop runs", func(h *planted) { h.process(7, "gnome-remote-de", h.now, "x") }},
	}
}
