package check

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

const (
	toldService = sessionLine + "\n"
	socketFile  = "/run/tfa/service.sock"
	sesmanPAM   = "/etc/pam.d/xrdp-sesman"
)

// serve sets a host up with the service, as assets/packaging/service says.
func (h *planted) serve() {
	h.Helper()
	h.edit("/etc/tfa/tfa.toml", "exempt", "service = '"+socketFile+"'\nexempt")
	h.edit("/etc/xrdp/sesman.ini", "/etc/xrdp/startwm-gate.sh", sessionProgram)
	for _, program := range []string{serviceProgram, sessionProgram} {
		h.write(program, "", 0o755)
	}
	h.write("/etc/pam.d/common-session", "session required pam_unix.so\nsession optional pam_systemd.so\n", 0o644)
	for _, service := range []string{"xrdp-sesman", "sshd", "su", "su-l", "login", "cron"} {
		text, _ := os.ReadFile(h.path("/etc/pam.d/" + service)) // not all are there
		rest := strings.ReplaceAll(string(text), "@include common-session\n", "")
		h.write("/etc/pam.d/"+service, rest+"@include common-session\n"+toldService, 0o644)
	}
	h.must(os.MkdirAll(h.path(filepath.Dir(socketFile)), 0o755))
	h.must(unix.Mknod(h.path(socketFile), unix.S_IFSOCK|0o666, 0))
	h.chmod(socketFile, 0o666)
	h.write("/proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n", 0o644)
	h.must(os.MkdirAll(h.path("/run/systemd/system"), 0o755))
	h.unit = "enabled"
	const folder = "/var/lib/tfa/EV-0000"
	for name, mode := range map[string]os.FileMode{folder: 0o700, folder + "/tfa.db": 0o600, folder + "/tfa.key": 0o600} {
		h.chown(name, 0, 0)
		h.chmod(name, mode)
	}
}

// served plants on a host with the service.
func served(plant func(h *planted)) func(*planted) {
	return func(h *planted) { h.serve(); plant(h) }
}

func TestClosedHostWithTheServiceIsGreen(t *testing.T) {
	h := closedHost(t)
	h.serve()
	for _, f := range Run(context.Background(), h.host().Checks()) {
		if f.State.Worse(OK) || len(f.Fixes) > 0 {
			t.Errorf("%s is %s: %q, %d fixes", f.ID, f.State, f.Found, len(f.Fixes))
		}
		if strings.HasPrefix(f.ID, "service") && f.State != OK {
			t.Errorf("%s is %s", f.ID, f.State)
		}
	}
}

func serviceHoles() map[string]hole {
	const sesman, folder = "/etc/xrdp/sesman.ini", "/var/lib/tfa/EV-0000"
	untold := func(service string) func(*planted) {
		return served(edits("/etc/pam.d/"+service, toldService, "# "+toldService))
	}
	return map[string]hole{
		"service_is_not_there":    {"service", Hole, "there is no socket " + socketFile, served(removes(socketFile))},
		"service_does_not_answer": {"service", Hole, "does not answer: it is broken", served(func(h *planted) { h.noAnswer = errors.New("it is broken") })},
		"somebody_else_answers":   {"service", Hole, "EV-0000-1 answers, not root", served(func(h *planted) { h.listener = 2001 })},
		"socket_is_a_file":        {"service", Hole, "is no socket", served(func(h *planted) { h.remove(socketFile); h.write(socketFile, "", 0o666) })},
		"socket_is_of_another":    {"service", Hole, "belongs to EV-0000-1", served(func(h *planted) { h.chown(socketFile, 2001, -1) })},
		"socket_is_closed":        {"service", Hole, "not everybody may ask", served(chmods(socketFile, 0o660))},
		"socket_can_be_exchanged": {"service", Hole, "others than root may write /run/tfa (mode 0777)", served(chmods("/run/tfa", 0o777))},

		"pam_does_not_tell_of_rdp": {"service-sessions", Hole, "xrdp-sesman does not tell it", untold("xrdp-sesman")},
		"pam_does_not_tell_of_ssh": {"service-sessions", Hole, "sshd does not tell it", untold("sshd")},
		"pam_need_not_tell_of_refused_ssh": {"service-sessions", OK, "sshd does not tell it: accounts of practices start nothing there", func(h *planted) {
			untold("sshd")(h)
			h.says("usepam yes", "usepam yes\nallowgroups sudo")
		}},
		"pam_need_not_tell_of_jobs": {"service-sessions", OK, "cron does not tell it: accounts of practices start nothing", untold("cron")},
		"pam_does_not_tell_of_su": {"service-sessions", Warning, "su-l does not tell it", func(h *planted) {
			untold("su-l")(h)
			h.edit("/etc/pam.d/su", "auth required pam_wheel.so\n", "")
		}},
		"pam_tells_of_su": {"su", OK, "", served(edits("/etc/pam.d/su", "auth required pam_wheel.so\n", ""))},
		"pam_tells_nobody_of_su": {"su", Warning, "everybody may use su", func(h *planted) {
			untold("su")(h)
			h.edit("/etc/pam.d/su", "auth required pam_wheel.so\n", "")
		}},
		"pam_goes_on_without":      {"service-sessions", Hole, "is optional, not required", served(edits(sesmanPAM, "session required pam_exec", "session optional pam_exec"))},
		"pam_tells_half":           {"service-sessions", Hole, "xrdp-sesman does not tell it", served(edits(sesmanPAM, "quiet", "type=open_session quiet"))},
		"pam_calls_another":        {"service-sessions", Hole, "xrdp-sesman does not tell it", served(edits(sesmanPAM, sessionProgram+" pam", sessionProgram))},
		"logind_moves_the_session": {"service-sessions", Hole, "pam_systemd.so comes after the line", served(writes(sesmanPAM, toldService+"@include common-session\n"))},
		"pam_tells_for_all": {"service-sessions", OK, "", func(h *planted) {
			untold("xrdp-sesman")(h)
			h.edit("/etc/pam.d/common-session", "session optional pam_systemd.so\n", "session optional pam_systemd.so\n"+toldService)
		}},

		"control_groups_are_old":   {"service-kernel", Hole, "control groups of version 2", served(removes("/proc/self/mountinfo"))},
		"kernel_asks_nobody":       {"service-kernel", Hole, "fanotify can't refuse", served(func(h *planted) { h.noAsk = unix.EINVAL })},
		"service_is_not_enabled":   {"service-unit", Warning, "tfa-service.service is disabled", served(func(h *planted) { h.unit = "disabled" })},
		"service_has_no_unit":      {"service-unit", Warning, "is not installed", served(func(h *planted) { h.unit = "" })},
		"systemd_does_not_run":     {"service-unit", NotApplicable, "systemd does not run", served(removes("/run/systemd"))},
		"systemd_can_not_be_asked": {"service-unit", Unknown, "it is broken", served(fails("systemctl"))},

		"xrdp_starts_the_old_wrapper": {"xrdp-gate", Hole, "the service ends its session", served(edits(sesman, sessionProgram, "/etc/xrdp/startwm-gate.sh"))},
		"session_program_is_missing":  {"programs", Hole, "there is no /usr/bin/tfa-session", served(removes(sessionProgram))},
		"session_program_is_writable": {"xrdp-wrapper", Hole, "others than root may write", served(chmods(sessionProgram, 0o775))},
		"service_is_missing":          {"programs", Hole, "there is no /usr/bin/tfa-service", served(removes(serviceProgram))},
		"service_is_the_second_lock":  {"xrdp-remoteapp", Warning, "tfa-service ends such a session", served(edits("/etc/xrdp/xrdp.ini", "rail=false", "rail=true"))},
		"service_that_is_not_told_is_none": {"xrdp-remoteapp", Hole, "rail is true", func(h *planted) {
			untold("xrdp-sesman")(h)
			h.edit("/etc/xrdp/xrdp.ini", "rail=false", "rail=true")
		}},
		"service_that_is_down_is_none": {"xrdp-remoteapp", Hole, "rail is true", served(func(h *planted) {
			h.noAnswer = errors.New("it is broken")
			h.edit("/etc/xrdp/xrdp.ini", "rail=false", "rail=true")
		})},

		"practice_can_read_its_store": {"stores", Hole, "tfa.db is not root's alone", served(func(h *planted) { h.chown(folder+"/tfa.db", 0, plantedGroup) })},
		"practice_can_read_an_old_key": {"stores", Hole, "tfa.key.new is not root's alone (mode 0640, root, group tfa-EV-0000)", served(func(h *planted) {
			h.write(folder+"/tfa.key.new", "", 0o640)
			h.chown(folder+"/tfa.key.new", 0, plantedGroup)
		})},
		"practice_can_enter": {"stores", Hole, "EV-0000 is not root's alone", served(chmods(folder, 0o750))},
		"link_in_the_folder": {"stores", Hole, "is a link", served(func(h *planted) {
			h.must(os.Symlink("/etc/shadow", h.path(folder+"/x")))
			h.must(os.Lchown(h.path(folder+"/x"), 2001, -1))
		})},
		"service_needs_no_groups": {"practice-groups", OK, "", served(func(h *planted) { h.group = h.group[:5] })},
		"service_lacks_an_account": {"practice-groups", Warning, "EV-0000-3 is not in the store", served(func(h *planted) {
			h.passwd = append(h.passwd, "EV-0000-3:x:2003:2003::/home/EV-0000-3:/bin/sh")
		})},
		"console_starts_nothing": {"console", OK, "lets accounts of practices start nothing there", served(writes("/etc/pam.d/login", "@include common-auth\n"))},
	}
}

// What the practice had is taken back, and the store then opens for root.
func TestFixTakesAStoreBackForTheService(t *testing.T) {
	h := closedHost(t)
	files := map[string]os.FileMode{"": os.ModeSetgid | 0o770, "/tfa.db": 0o660, "/tfa.key": 0o640, "/tfa.db-wal": 0o660}
	h.serve()
	h.write("/var/lib/tfa/EV-0000/tfa.db-wal", "", 0o660)
	for name, mode := range files {
		h.chown("/var/lib/tfa/EV-0000"+name, 2001, plantedGroup)
		h.chmod("/var/lib/tfa/EV-0000"+name, mode)
	}
	f := h.find("stores")
	if len(f.Fixes) != len(files) || !strings.Contains(f.Fixes[0].Step, "to root alone (was mode 2770, EV-0000-1, group tfa-EV-0000)") {
		t.Fatalf("%+v", f.Fixes)
	}
	for _, fix := range f.Fixes {
		h.must(fix.Do())
	}
	if f := h.find("stores"); f.State != OK || len(f.Fixes) > 0 {
		t.Errorf("after the fixes stores is %s: %q", f.State, f.Found)
	}
}

// Whoever listens is told apart by the kernel.
func TestListenerIsAsked(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	if _, err := listener(socket); err == nil {
		t.Error("nobody listens, and it answers")
	}
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := http.Server{Handler: http.NotFoundHandler()}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	if uid, err := listener(socket); err != nil || int(uid) != os.Getuid() {
		t.Errorf("user %d answers, %v", uid, err)
	}
}
