package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/story"
)

// loop leaves marks without any other program.
const loop = "while :; do echo . >>" + mark + "; read -r line </proc/uptime; done"

// byTheClient are the attacks that a client of xrdp makes, with what lies in the
// home of the account.
var byTheClient = map[string]attack{
	"alternate_shell":            {try: func(r *raid) { r.Connect(receptionist, "/shell:"+intruder) }},
	"alternate_shell_by_a_shell": {try: func(r *raid) { r.Connect(receptionist, "/shell:"+loop) }},
	"alternate_shell_that_begins_as_one_of_sesmans": {try: func(r *raid) {
		r.Connect(receptionist, "/shell:xauth -q -f /dev/null list; "+loop)
	}},
	"alternate_shell_that_detaches_itself": {try: func(r *raid) {
		r.Connect(receptionist, "/shell:( ( "+loop+" ) & ) & ")
	}},
	"alternate_shell_by_the_loader": {try: func(r *raid) {
		r.Connect(receptionist, "/shell:/lib64/ld-linux-x86-64.so.2 /usr/bin/dash "+intruder)
	}},
	"startwm_in_the_home": {try: func(r *raid) {
		r.plant(receptionist, "startwm.sh", "#!/bin/sh\n"+intruder+"\n")
		r.Connect(receptionist)
	}},
	"files_in_the_home": {tight: true, try: func(r *raid) {
		for _, name := range []string{".profile", ".xsession", ".xsessionrc", ".bashrc", ".bash_profile", ".config/openbox/autostart"} {
			r.plant(receptionist, name, "#!/bin/sh\n"+intruder+" &\n")
		}
		r.gate(receptionist)
	}},
	"library_in_the_environment": {try: func(r *raid) {
		compile(r.t, "preload.c", marks+"/preload.so")
		r.plant(receptionist, ".pam_environment", "LD_PRELOAD DEFAULT="+marks+"/preload.so\n")
		r.Connect(receptionist)
	}},
	"window_manager_missing": {silent: true, try: func(r *raid) {
		// It is PAM's program too: with the service no session begins.
		// It comes last of its group: what xrdp keeps of it disturbs the next session.
		for _, path := range []string{"/etc/xrdp/startwm-gate.sh", "/usr/bin/tfa-session"} {
			story.Must(r.t, os.Rename(path, path+".away"))
			r.t.Cleanup(func() { story.Must(r.t, os.Rename(path+".away", path)) })
		}
		r.plant(receptionist, ".bashrc", intruder+"\n") // sesman starts an xterm
		r.Connect(receptionist)
	}},
	"remote_application": {try: func(r *raid) { r.order(intruder)() }},
	"session_taken_over_from_elsewhere": {try: func(r *raid) {
		r.plant(receptionist, ".bashrc", intruder+" &\n")
		s := r.gate(receptionist)
		s.Says("Voer uw OTP (one-time password) in")
		s.TypeSlowly(phone(r.t, r.secret, 1))
		s.ReachesDesktop()
		r.Until("it has begun", story.Patience, func() bool { return dots() > 0 })
		r.Connect(receptionist, "/v:"+elsewhere)
		r.Until("it is taken over", story.Patience, func() bool {
			log, err := os.ReadFile("/var/log/xrdp-sesman.log")
			story.Must(r.t, err)
			return strings.Contains(string(log), "++ reconnected session: username "+receptionist)
		})
		r.since = time.Now()
		story.Must(r.t, os.RemoveAll(mark))
	}},
}

// elsewhere is another address of this machine; who connects to it comes from it.
const elsewhere = "192.0.2.7"

// besideTheGate are the attacks that something else of the account makes while
// its gate waits, or after it has logged out.
var besideTheGate = map[string]attack{
	"cron": {try: func(r *raid) {
		r.plantAt("/var/spool/cron/crontabs/"+receptionist, "@reboot "+intruder+"\n", 0o600)
		r.gate(receptionist)
		os.Remove("/run/crond.reboot") // else it has run them already
		r.Run("cron", "cron", "-f")
	}},
	"at": {try: func(r *raid) {
		job := fmt.Sprintf("/var/spool/cron/atjobs/a00001%08x", time.Now().Unix()/60-1)
		r.plantAt(job, "#!/bin/sh\n# atrun uid="+r.number(receptionist)+" gid="+r.number(receptionist)+"\n# mail nobody 0\n"+intruder+"\n", 0o700)
		r.gate(receptionist)
		r.Run("at", "atd", "-f")
	}},
	"left_from_before": {try: func(r *raid) { r.inBackground(intruder) }},
	"drawn_over_the_gate": {try: func(r *raid) {
		r.gate(receptionist)
		r.inBackground("/usr/bin/xterm", "-display", r.display(), "-fullscreen", "-e", intruder)
	}},
	"ssh_beside_it": {try: func(r *raid) {
		r.gate(receptionist)
		r.ssh(receptionist, intruder)
	}},
	"su_by_another": {try: func(r *raid) {
		cmd := exec.CommandContext(r.t.Context(), "su", receptionist, "-c", intruder)
		cmd.Stdin = strings.NewReader(story.Password + "\n")
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: r.As(plain), Setsid: true}
		story.Must(r.t, cmd.Start())
		r.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	}},
	"gate_killed": {tight: true, try: func(r *raid) {
		s := r.gate(receptionist)
		r.Signal(receptionist, gateProgram, syscall.SIGKILL)
		s.Disconnects()
	}},
	"window_manager_killed": {tight: true, try: func(r *raid) {
		r.gate(receptionist)
		r.Until("it manages", story.Patience, func() bool { return len(r.Processes(receptionist, manager)) > 0 })
		r.Signal(receptionist, manager, syscall.SIGKILL)
	}},
	"left_after_logging_out": {try: func(r *raid) {
		r.plant(receptionist, ".bashrc", "setsid /srv/test "+leavesMarks+" &\n")
		s := r.gate(receptionist)
		s.Says("Voer uw OTP (one-time password) in")
		s.TypeSlowly(phone(r.t, r.secret, 1))
		s.ReachesDesktop()
		r.Until("it has begun", story.Patience, func() bool { return dots() > 0 })
		s.Type("exit")
		s.Press("Return")
		s.Disconnects()
		r.since = time.Now()
		story.Must(r.t, os.Remove(mark))
	}},
	"while_the_service_is_down": {try: func(r *raid) {
		// A file of the attacker's own under the name of one that may run.
		r.plantAt(marks+"/spoof", "#!/bin/sh\nexec unshare --user --map-root-user --mount sh -c '"+
			"mount --bind /srv/test /usr/bin/openbox && exec /usr/bin/openbox "+leavesMarks+"'\n", 0o755)
		send := r.order(marks + "/spoof")
		if !r.served {
			send()
			return
		}
		r.KillService()
		send()
		r.inBackground(intruder)
		r.Until("both have begun", story.Patience, func() bool {
			return dots() > 0 && len(r.Processes(receptionist, manager)) > 1 && len(r.Processes(receptionist, "/usr/bin/dash")) > 0
		})
		r.machine.StartService()
		r.since = time.Now()
		story.Must(r.t, os.RemoveAll(mark))
	}},
}

// plant writes a file into the home of an account, as its own.
func (r *raid) plant(account, name, text string) {
	r.t.Helper()
	r.plantAt("/home/"+account+"/"+name, text, 0o755)
}

func (r *raid) plantAt(path, text string, mode os.FileMode) {
	r.t.Helper()
	as := r.As(receptionist)
	story.Must(r.t, os.MkdirAll(filepath.Dir(path), 0o755))
	story.Must(r.t, os.WriteFile(path, []byte(text), mode))
	story.Must(r.t, os.Chmod(path, mode))
	story.Must(r.t, os.Chown(path, int(as.Uid), int(as.Gid)))
}

// number is that of an account, and of its own group.
func (r *raid) number(account string) string { return fmt.Sprint(r.As(account).Uid) }

// gate connects, and returns when the gate runs.
func (r *raid) gate(account string, args ...string) *story.Session {
	r.t.Helper()
	s := r.Connect(account, args...)
	r.Until("the gate runs", story.Patience, func() bool { return len(r.Processes(account, gateProgram)) > 0 })
	return s
}

// inBackground starts a program as the account, outside of every session, as
// user units of systemd do.
func (r *raid) inBackground(program string, args ...string) {
	r.t.Helper()
	cmd := exec.CommandContext(r.t.Context(), program, args...)
	cmd.Env = []string{"HOME=/home/" + receptionist, "PATH=/usr/bin"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: r.As(receptionist), Setsid: true}
	if err := cmd.Start(); err == nil { // else it was refused
		r.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	}
}

// display returns the display that the account's gate is on.
func (r *raid) display() string {
	r.t.Helper()
	environ, err := os.ReadFile("/proc/" + r.Processes(receptionist, gateProgram)[0] + "/environ")
	story.Must(r.t, err)
	_, after, _ := strings.Cut("\x00"+string(environ), "\x00DISPLAY=")
	display, _, _ := strings.Cut(after, "\x00")
	return display
}

// compile makes a library of a file in testdata.
func compile(t *testing.T, source, library string, flags ...string) {
	t.Helper()
	execute(t, "", "gcc", append(flags, "-shared", "-fPIC", "-o", library, "testdata/"+source)...)
}

// channels is where xfreerdp looks for its channels.
const channels = "/usr/lib/x86_64-linux-gnu/freerdp2"

// order connects, and returns what has RemoteApp start a program beside the
// gate.
func (r *raid) order(program string) (send func()) {
	r.t.Helper()
	story.Must(r.t, os.MkdirAll(channels, 0o755))
	compile(r.t, "rail.c", channels+"/libtfarail-client.so", "-I/usr/include/freerdp2", "-I/usr/include/winpr2")
	r.ClientEnv = []string{"RAIL_EXEC=" + program, "RAIL_WHEN=" + marks + "/when"}
	// When it asks, the service has looked at all that it let start: it would
	// leave the session frozen if it ended before.
	r.gate(receptionist, "/vc:tfarail").Says("Voer uw OTP (one-time password) in")
	return func() { story.Must(r.t, os.WriteFile(marks+"/when", nil, 0o644)) }
}

// ssh runs a command by an sshd that knows of no gate but what PAM has.
func (r *raid) ssh(account, command string) {
	r.t.Helper()
	folder := r.t.TempDir()
	for _, key := range []string{"host", "client"} {
		execute(r.t, "", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(folder, key))
	}
	public, err := os.ReadFile(filepath.Join(folder, "client.pub"))
	story.Must(r.t, err)
	r.plant(account, ".ssh/authorized_keys", string(public))
	story.Must(r.t, os.MkdirAll("/run/sshd", 0o755))
	if r.served {
		r.TellService("sshd")
	}
	r.Serve("sshd", ":0016", "/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-h", filepath.Join(folder, "host"),
		"-o", "UsePAM=yes", "-o", "StrictModes=no", "-o", "PidFile=none")
	cmd := exec.CommandContext(r.t.Context(), "ssh", "-F", "/dev/null", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
		"-i", filepath.Join(folder, "client"), account+"@127.0.0.1", command)
	story.Must(r.t, cmd.Start())
	r.t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
}
