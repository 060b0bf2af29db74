package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"evry.nl/tfa/cmd/internal/story"
)

const (
	// marks is a folder for everybody.
	marks = "/srv/marks"
	// mark is what somebody who got past the gate leaves behind: one dot each tenth
	// of a second, or so.
	mark = marks + "/past"
	// intruder is what they start.
	intruder = marks + "/intruder"
	// plain is somebody of no practice, who may log on without a code.
	plain = "jan"
)

// attack is a way past a gate that runs in the session as its user, for somebody
// who has the password of the account and has planted files in its home.
type attack struct {
	// try does it, and returns when it can do no more.
	try func(*raid)
	// tight says that the gate alone stops it too.
	tight bool
	// silent says that the service has nothing to end.
	silent bool
}

// groups are the attacks, each group on a machine of its own.
var groups = map[string]map[string]attack{"by_the_client": byTheClient, "beside_the_gate": besideTheGate}

// closedWithin is how long anything may go on that got past.
const closedWithin = 2 * time.Second

// result is what became of an attack.
type result struct {
	Attack string
	Served bool
	Begun  bool
	// Past is for how long it went on.
	Past time.Duration
	// Lasting says that it went on for as long as it was watched.
	Lasting bool
}

func (r result) String() string {
	switch {
	case r.Lasting:
		return "goes on"
	case r.Begun:
		return "ended"
	}
	return "never begins"
}

// What gets past the gate alone is ended by the service within two seconds.
func TestRDPBypasses(t *testing.T) {
	var results []result
	var adding sync.Mutex
	t.Run("on", func(t *testing.T) {
		for name, attacks := range groups {
			for _, served := range []bool{false, true} {
				t.Run(map[bool]string{false: "the_gate_alone", true: "the_service"}[served]+"_"+name, func(t *testing.T) {
					t.Parallel()
					if story.Alone(t) {
						newRaid(t, served, "Policy=Default").all(t, attacks)
						return
					}
					for _, line := range story.Told(t) {
						var r result
						story.Must(t, json.Unmarshal([]byte(line), &r))
						adding.Lock()
						results = append(results, r)
						adding.Unlock()
					}
				})
			}
		}
	})
	table := tabulate(results)
	t.Log("\n" + table)
	story.Must(t, os.WriteFile(filepath.Join(t.ArtifactDir(), "bypasses.txt"), []byte(table), 0o644))
}

// tabulate writes the results as a table.
func tabulate(results []result) string {
	names := map[string]map[bool]result{}
	for _, r := range results {
		if names[r.Attack] == nil {
			names[r.Attack] = map[bool]result{}
		}
		names[r.Attack][r.Served] = r
	}
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "attack\twithout\twith\tseconds to its end")
	for _, name := range slices.Sorted(maps.Keys(names)) {
		with := names[name][true]
		fmt.Fprintf(table, "%s\t%s\t%s\t%.1f\n", strings.ReplaceAll(name, "_", " "), names[name][false], with, with.Past.Seconds())
	}
	table.Flush()
	return text.String()
}

// raid is a machine that is attacked.
type raid struct {
	*story.RDPHost
	machine *story.RDPHost // for what is to outlive the attack
	t       *testing.T
	served  bool
	secret  string // of the account
	// since is when it is to end from, if not from its first mark.
	since time.Time
}

// newRaid makes the machine. Settings that would close a way by themselves are
// as xrdp has them by default; policy says who comes to which session.
func newRaid(t *testing.T, served bool, policy string) *raid {
	packaging := t.TempDir()
	story.Must(t, os.CopyFS(packaging, os.DirFS(xrdpPackaging)))
	replace(t, packaging+"/xrdp.ini", "rail=false", "rail=true")
	replace(t, packaging+"/sesman.ini", "EnableUserWindowManager=false", "EnableUserWindowManager=true")
	replace(t, packaging+"/sesman.ini", "Policy=UBC", policy)
	execute(t, "", "ip", "address", "add", elsewhere+"/32", "dev", "lo")
	appendTo(t, "/etc/pam.d/xrdp-sesman", "session required pam_env.so user_readenv=1\n")
	r := &raid{t: t, served: served, RDPHost: story.NewRDPHost(t, packaging, served, receptionist, colleague)}
	execute(t, "", "useradd", "--create-home", "--shell", "/bin/bash", plain)
	story.Must(t, os.MkdirAll(marks, 0o777))
	story.Must(t, os.Chmod(marks, 0o777))
	story.Must(t, os.WriteFile(intruder, []byte("#!/bin/sh\nwhile :; do echo . >>"+mark+"; sleep 0.1; done\n"), 0o755))
	r.secret = enrolled(r.RDPHost)
	r.EndTransition(receptionist)
	return r
}

func replace(t *testing.T, path, old, by string) {
	t.Helper()
	text, err := os.ReadFile(path)
	story.Must(t, err)
	if !strings.Contains(string(text), old) {
		t.Fatalf("%s does not say %s", path, old)
	}
	story.Must(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(text), old, by)), 0o644))
}

func appendTo(t *testing.T, path, line string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	story.Must(t, err)
	_, err = file.WriteString(line)
	story.Must(t, err)
	story.Must(t, file.Close())
}

// all tries the attacks, one after the other, and tells what became of them.
func (r *raid) all(t *testing.T, attacks map[string]attack) {
	for _, name := range slices.Sorted(maps.Keys(attacks)) {
		t.Run(name, func(t *testing.T) {
			a := attacks[name]
			this := &raid{RDPHost: r.In(t), machine: r.RDPHost, t: t, served: r.served, secret: r.secret}
			this.clear()
			defer this.clear()
			before, desktops := this.Ended(receptionist), this.Desktops()
			a.try(this)
			got := this.watch(a, before)
			if a.tight && this.Desktops() != desktops {
				got.Lasting = true
			}
			got.Attack, got.Served = name, r.served
			t.Logf("%s, %v after %v", name, got, got.Past)
			text, err := json.Marshal(got)
			story.Must(t, err)
			story.Tell(t, string(text))
			switch {
			case (r.served || a.tight) && (got.Lasting || got.Past > closedWithin):
				t.Errorf("it goes on for %v", got.Past)
			case !r.served && !a.tight && !got.Lasting:
				t.Error("the gate alone stops it: then it shows nothing")
			}
		})
	}
}

// clear ends everything of an attack that is left, and forgets it.
func (r *raid) clear() {
	r.t.Helper()
	r.Until("nothing of it is left", story.Patience, func() bool {
		left := 0
		for _, account := range []string{receptionist, colleague, plain} {
			for _, process := range r.Processes(account, "") {
				number, _, _ := strings.Cut(process, " ")
				pid, err := strconv.Atoi(number)
				story.Must(r.t, err)
				syscall.Kill(pid, syscall.SIGKILL) // it may have ended
				left++
			}
		}
		return left == 0
	})
	// A connection whose session has ended tries for the next on its display.
	exec.CommandContext(r.t.Context(), "pkill", "--parent", r.Server("xrdp")).Run()
	for _, pattern := range []string{mark, marks + "/when", "/home/*/*", "/home/*/.*", "/var/spool/cron/*/*"} {
		paths, err := filepath.Glob(pattern)
		story.Must(r.t, err)
		for _, path := range paths {
			if filepath.Base(path) != "." && filepath.Base(path) != ".." && !strings.HasSuffix(path, "/.SEQ") {
				story.Must(r.t, os.RemoveAll(path))
			}
		}
	}
}

// dots counts the marks.
func dots() int {
	text, err := os.ReadFile(mark)
	if err != nil {
		return 0
	}
	return strings.Count(string(text), ".")
}

const (
	// watched is how long marks are watched that go on.
	watched = 3 * time.Second
	// quiet is how long none come when it has ended.
	quiet = time.Second
)

// watch returns how the attack goes on, from when it begins.
func (r *raid) watch(a attack, endedBefore int) (got result) {
	r.t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	late := time.After(story.Patience)
	first, last, seen, settled := r.since, time.Now(), 0, time.Now()
	got.Begun = !first.IsZero()
	for told := false; ; {
		now := time.Now()
		if n := dots(); n > seen {
			if seen, last = n, now; first.IsZero() {
				first = now
			}
		}
		if seen > 0 {
			got.Begun, got.Past = true, last.Sub(first)
		}
		if r.served && !a.tight && !a.silent && !told {
			if told = r.Ended(receptionist) > endedBefore; told {
				settled = now
			}
		} else if got.Lasting = got.Past > watched; got.Lasting {
			return got
		} else if expected := r.served || a.tight || seen > 0; expected && now.Sub(last) > quiet && now.Sub(settled) > quiet {
			return got
		}
		select {
		case <-again.C:
		case <-late:
			r.t.Errorf("with %d marks left, nothing becomes of it", seen)
			return got
		}
	}
}
