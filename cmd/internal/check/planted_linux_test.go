package check

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// planted is a host in a folder, set up as assets/packaging says, in which a
// test plants what a check must find.
type planted struct {
	*testing.T
	root             string
	passwd, group    []string
	sshd             map[string]string // what sshd says of an account, "" for all
	version          string            // of the package xrdp
	failing          map[string]error  // commands
	built            map[string]string // versions of our programs
	synchronised     bool
	free             uint64
	now              time.Time
	asked            int // times that sshd was asked
	noClock, noSpace error
	listener         uint32 // who answers at the socket of the service
	noAnswer, noAsk  error
	unit             string // what systemd says of the service
}

// group of the practice EV-0000. No group of this machine has that number.
const plantedGroup = 2_000_007

// sshdSays is the answer of OpenSSH 9.2 to sshd -T -C for an account under
// assets/packaging/ssh/tfa.conf, without the lines that no check reads.
const sshdSays = `usepam yes
hostbasedauthentication no
pubkeyauthentication yes
gssapiauthentication no
permituserrc no
x11forwarding yes
allowtcpforwarding yes
allowagentforwarding yes
disableforwarding yes
allowstreamlocalforwarding yes
maxsessions 1
forcecommand exec /usr/bin/tfa-logon --tty -- /usr/lib/tfa/ssh-session
acceptenv LANG
acceptenv LC_*
setenv SHLVL=1
permittunnel no
permituserenvironment no
subsystem sftp /usr/lib/openssh/sftp-server
`

const (
	pamGate = "auth required pam_exec.so expose_authtok quiet /usr/bin/tfa-logon --pam\n"
	pamRest = "auth optional pam_permit.so\n@include common-account\n@include common-session\n"
)

// closedHost returns a host on which nothing is open.
func closedHost(t *testing.T) *planted {
	t.Helper()
	if os.Getuid() != 0 {
		t.Fatal("what must belong to root must be made by root: run the tests as root")
	}
	h := &planted{
		T: t, root: t.TempDir(), version: "0.9.24-5~bpo12+1", synchronised: true, free: 10 << 30, now: time.Now(),
		sshd: map[string]string{"": sshdSays}, failing: map[string]error{}, built: map[string]string{},
		passwd: []string{
			"root:x:0:0:root:/root:/bin/bash", "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin",
			"xrdp:x:106:113::/run/xrdp:/usr/sbin/nologin", "jan:x:1000:1000::/home/jan:/bin/bash",
			"EV-0000-1:x:2001:2001::/home/EV-0000-1:/bin/bash", "EV-0000-2:x:2002:2002::/home/EV-0000-2:/bin/sh",
		},
		group: []string{
			"root:x:0:", "sudo:x:27:jan", "jan:x:1000:", "EV-0000-1:x:2001:", "EV-0000-2:x:2002:",
			fmt.Sprintf("tfa-EV-0000:x:%d:EV-0000-1,EV-0000-2", plantedGroup),
		},
	}
	for _, name := range []string{"startwm-gate.sh", "sesman.ini", "xrdp.ini", "openbox-gate.xml"} {
		text, err := os.ReadFile(filepath.Join("../../../assets/packaging/xrdp", name))
		h.must(err)
		h.write("/etc/xrdp/"+name, string(text), 0o644)
	}
	h.chmod("/etc/xrdp/startwm-gate.sh", 0o755)
	for _, program := range []string{"/usr/bin/tfa-logon", "/usr/bin/tfa-admin", "/usr/lib/tfa/ssh-session", "/usr/bin/openbox", "/usr/bin/xauth",
		"/usr/sbin/xrdp-sesman", "/usr/sbin/sshd", "/usr/bin/crontab", "/usr/bin/at", "/etc/xrdp/startwm.sh", "/usr/lib/systemd/systemd-logind"} {
		h.write(program, "#!/bin/sh\n", 0o755)
	}
	h.write("/usr/bin/su", "", 0o755)
	h.chmod("/usr/bin/su", 0o755|os.ModeSetuid)
	h.write("/usr/lib/x86_64-linux-gnu/dri/swrast_dri.so", "", 0o644)
	for _, file := range []string{"/etc/cron.allow", "/etc/at.allow"} {
		h.write(file, "root\n", 0o644)
	}
	h.write("/etc/pam.d/login", pamGate+pamRest, 0o644)
	h.write("/etc/pam.d/su", "auth sufficient pam_rootok.so\nauth required pam_wheel.so\n@include common-auth\n", 0o644)
	h.write("/etc/pam.d/sshd", "@include common-auth\nsession required pam_env.so # [1]\nsession required pam_env.so envfile=/etc/default/locale\n", 0o644)
	h.write("/etc/pam.d/xrdp-sesman", "auth required pam_env.so readenv=1\n@include common-auth\n", 0o644)
	h.write("/etc/systemd/logind.conf", "[Login]\n#KillUserProcesses=no\n", 0o644)
	h.write("/etc/systemd/logind.conf.d/tfa.conf", "[Login]\nKillUserProcesses=yes\n", 0o644)
	h.write("/proc/sys/kernel/yama/ptrace_scope", "1\n", 0o644)
	h.write("/proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/zram0 partition 1 0 100\n", 0o644)
	h.write("/proc/self/mounts", "/dev/sda1 / ext4 rw 0 0\ntmpfs /tmp tmpfs rw,noexec 0 0\n", 0o644)
	h.write("/etc/tfa/tfa.toml", fmt.Sprintf("store = 'sqlite://%[1]s/{practice}/tfa.db'\nkey_file = '%[1]s/{practice}/tfa.key'\nexempt = ['root']\n",
		h.path("/var/lib/tfa")), 0o644)
	h.changeLog("xrdp (0.9.24-5~bpo12+1)\n * CVE-2025-68670\n * Fix CVE-2023-40184: x\n * Fix CVE-2024-39917\n")
	h.makePractice()
	return h
}

// makePractice puts the store of EV-0000 where init does, for a group that this
// machine lacks.
func (h *planted) makePractice() {
	h.Helper()
	files, err := practiceFiles()
	h.must(err)
	const folder = "/var/lib/tfa/EV-0000"
	h.write(folder+"/tfa.db", string(files["tfa.db"]), 0o660)
	h.write(folder+"/tfa.key", string(files["tfa.key"]), 0o640)
	for _, name := range []string{folder, folder + "/tfa.db", folder + "/tfa.key"} {
		h.chown(name, 0, plantedGroup)
	}
	h.chmod(folder, os.ModeSetgid|0o770)
}

// host returns the host, as it now is, for the checks.
func (h *planted) host() *Linux {
	return &Linux{
		Root: h.root, File: h.path("/etc/tfa/tfa.toml"), Now: func() time.Time { return h.now }, Run: h.run,
		Version: func(path string) (string, error) {
			return h.built[strings.TrimPrefix(path, h.root)], h.failing["version"]
		},
		Kernel: Kernel{
			Synchronised: func() (bool, error) { return h.synchronised, h.noClock },
			Free:         func(string) (uint64, uint64, error) { return h.free, 20 << 30, h.noSpace },
			Listener:     func(string) (uint32, error) { return h.listener, h.noAnswer },
			Guard:        func() error { return h.noAsk },
		},
	}
}

// run answers as the commands of a host do.
func (h *planted) run(name string, args ...string) (string, error) {
	if err := h.failing[name]; err != nil {
		return "", err
	}
	switch line := strings.Join(append([]string{name}, args...), " "); {
	case line == "getent passwd":
		return strings.Join(h.passwd, "\n") + "\n", nil
	case line == "getent group":
		return strings.Join(h.group, "\n") + "\n", nil
	case name == "systemctl":
		return h.unit + "\n", nil
	case name == "dpkg-query":
		return h.version, nil
	case name == "xrdp-sesman":
		return "xrdp-sesman 0.9.21.1\n  The xrdp session manager\n", nil
	case name == "sshd":
		h.asked++
		account, _, _ := strings.Cut(strings.TrimPrefix(args[2], "user="), ",")
		if own, ok := h.sshd[account]; ok {
			return own, nil
		}
		return h.sshd[""], nil
	}
	return "", errors.New("there is no such command: " + name)
}

func (h *planted) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *planted) path(name string) string { return filepath.Join(h.root, name) }

func (h *planted) write(name, text string, mode os.FileMode) {
	h.Helper()
	h.must(os.MkdirAll(filepath.Dir(h.path(name)), 0o755))
	h.must(os.WriteFile(h.path(name), []byte(text), mode))
	h.must(os.Chmod(h.path(name), mode))
}

// edit replaces something that must be there.
func (h *planted) edit(name, old, replacement string) {
	h.Helper()
	text, err := os.ReadFile(h.path(name))
	h.must(err)
	if !strings.Contains(string(text), old) {
		h.Fatalf("%s does not say %q", name, old)
	}
	h.must(os.WriteFile(h.path(name), []byte(strings.ReplaceAll(string(text), old, replacement)), 0o644))
}

// says lets sshd say something else of all accounts.
func (h *planted) says(old, replacement string) {
	h.Helper()
	if !strings.Contains(h.sshd[""], old) {
		h.Fatalf("sshd does not say %q", old)
	}
	h.sshd[""] = strings.ReplaceAll(h.sshd[""], old, replacement)
}

func (h *planted) chmod(name string, mode os.FileMode) {
	h.Helper()
	h.must(os.Chmod(h.path(name), mode))
}

func (h *planted) chown(name string, uid, gid int) {
	h.Helper()
	h.must(os.Chown(h.path(name), uid, gid))
}

func (h *planted) remove(name string) {
	h.Helper()
	h.must(os.RemoveAll(h.path(name)))
}

// process lets a program run since a time.
func (h *planted) process(id int, name string, since time.Time, command ...string) {
	h.Helper()
	h.write("/proc/stat", "cpu 1 2 3\nbtime 1000\n", 0o644)
	ticks := since.Unix()*100 - 1000*100
	h.write(fmt.Sprintf("/proc/%d/stat", id), fmt.Sprintf("%d (%s) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 %d 0 0\n", id, name, ticks), 0o644)
	h.write(fmt.Sprintf("/proc/%d/cmdline", id), strings.Join(command, "\x00")+"\x00", 0o644)
}

// changeLog gives the package xrdp a change log.
func (h *planted) changeLog(text string) {
	h.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte(text))
	h.must(errors.Join(err, w.Close()))
	h.write("/usr/share/doc/xrdp/changelog.Debian.gz", packed.String(), 0o644)
}

// find looks and returns what came of one check.
func (h *planted) find(id string) Finding {
	h.Helper()
	checks := h.host().Checks()
	at := slices.IndexFunc(checks, func(c Check) bool { return c.ID == id })
	if at < 0 {
		h.Fatalf("there is no check %s", id)
	}
	return Run(h.Context(), checks[at:at+1])[0]
}
