package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

// morning is how many people of a practice log on at the same moment.
const morning = 32

// asker is a program that asks one account for its code, and ends with status 0
// when it lets it in.
type asker struct {
	// renew makes the next code right again, as if time had passed since the last
	// logon, and returns the secrets of the accounts.
	renew func(b *testing.B) []otp.Secret
	start func(b *testing.B, account string) *exec.Cmd
	// asks is how what it writes to standard error ends when it waits for a code.
	asks string
}

// BenchmarkLogon measures a logon from the code to the program's end. The
// programs have started before, and wait for the code, as a person keeps them
// waiting; then all get theirs at the same moment. A program has ended when its
// output has: what the system does afterwards to bury it keeps nobody waiting.
func BenchmarkLogon(b *testing.B) {
	name := fmt.Sprintf("EVB%d", os.Getpid())
	var accounts []string
	for n := range morning {
		accounts = append(accounts, fmt.Sprintf("%s-%d", name, n+1))
	}
	h := story.NewHost(b, accounts...)
	h.Admin("practice", "enable", name)
	var secrets []otp.Secret
	for _, account := range accounts {
		secrets = append(secrets, h.LogOn(account))
	}
	for _, gate := range []struct {
		name string
		asker
	}{
		{"tfa-logon", ours(h, accounts, secrets, story.Path("tfa-logon"))},
		{"tfa-logon_for_terminals", ours(h, accounts, secrets, forTerminals(b))},
		{"pam_google_authenticator", theirs(b, accounts)},
	} {
		for _, together := range []int{1, morning} {
			b.Run(fmt.Sprintf("gate=%s/together=%d", gate.name, together), func(b *testing.B) {
				var took []time.Duration
				for b.Loop() {
					b.StopTimer()
					waiting := gate.line(b, accounts[:together])
					b.StartTimer()
					took = append(took, letIn(b, waiting)...)
					b.StopTimer()
					areIn(b, waiting)
					b.StartTimer()
				}
				reportTimes(b, took)
			})
		}
	}
}

// ours returns the gate on a terminal.
func ours(h *story.Host, accounts []string, secrets []otp.Secret, program string) asker {
	return asker{
		asks: "ready terminal\n",
		renew: func(b *testing.B) []otp.Secret {
			direct := h.Direct(accounts[0])
			// Nobody else has the store open: who closes it last has the most to do.
			defer direct.Store.Close()
			for _, account := range accounts {
				story.Must(b, direct.Store.ChangeAccount(b.Context(), account, func(_ *core.Practice, a *core.Account) ([]core.Event, error) {
					a.Spent, a.Floor = nil, 0
					return []core.Event{{At: direct.Now(), Kind: core.AccountAdded, Account: account}}, nil
				}))
			}
			return secrets
		},
		start: func(b *testing.B, account string) *exec.Cmd {
			cmd := exec.CommandContext(b.Context(), program, "--config", h.File, "--tty")
			cmd.Env = []string{"TERM=xterm"}
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: h.As(account)}
			return cmd
		},
	}
}

// theirs returns Google's module as its own command sets it up, for people who
// answer yes: one logon a code, three tries in 30 seconds. It runs as root, who
// keeps the files, as where people must not read their own secret.
func theirs(b *testing.B, accounts []string) asker {
	folder := b.TempDir()
	service := fmt.Sprintf("tfa-bench-%d", os.Getpid())
	file := "/etc/pam.d/" + service
	story.Must(b, os.WriteFile(file, fmt.Appendf(nil,
		"auth required pam_google_authenticator.so user=root secret=%s/${USER}\naccount required pam_permit.so\n", folder), 0o644))
	b.Cleanup(func() { os.Remove(file) })
	return asker{
		asks: "Verification code: ",
		renew: func(b *testing.B) (secrets []otp.Secret) {
			for _, account := range accounts {
				secret := otp.NewSecret()
				secrets = append(secrets, secret)
				story.Must(b, os.WriteFile(filepath.Join(folder, account), []byte(secret.Base32()+
					"\n\" RATE_LIMIT 3 30\n\" WINDOW_SIZE 3\n\" DISALLOW_REUSE\n\" TOTP_AUTH\n"), 0o600))
			}
			return secrets
		},
		start: func(b *testing.B, account string) *exec.Cmd {
			return exec.CommandContext(b.Context(), "pamtester", service, account, "authenticate")
		},
	}
}

// waiting is a program that waits for its code.
type waiting struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    io.Reader
	said   *bytes.Buffer
	secret otp.Secret
}

// line starts a program for each account, and returns when all wait.
func (a asker) line(b *testing.B, accounts []string) (line []waiting) {
	b.Helper()
	secrets := a.renew(b)
	for i, account := range accounts {
		w := waiting{cmd: a.start(b, account), said: new(bytes.Buffer), secret: secrets[i]}
		var err error
		w.in, err = w.cmd.StdinPipe()
		story.Must(b, err)
		w.out, err = w.cmd.StdoutPipe()
		story.Must(b, err)
		said, err := w.cmd.StderrPipe()
		story.Must(b, err)
		story.Must(b, w.cmd.Start())
		b.Cleanup(func() { w.cmd.Process.Kill() })
		for one := make([]byte, 1); !strings.HasSuffix(w.said.String(), a.asks); {
			if _, err := said.Read(one); err != nil {
				b.Fatalf("%s: %v: %s", account, err, w.said)
			}
			w.said.Write(one)
		}
		line = append(line, w)
	}
	return line
}

// letIn gives all their codes, and returns how long each took to end.
func letIn(b *testing.B, line []waiting) []time.Duration {
	b.Helper()
	took := make([]time.Duration, len(line))
	answers := make([]string, len(line))
	for i, w := range line {
		// The step after this one: that of now is spent where it was the first.
		code, err := otp.Code(w.secret, otp.StepAt(clock.Now())+1)
		story.Must(b, err)
		answers[i] = code + "\n"
	}
	var all sync.WaitGroup
	for i, w := range line {
		all.Go(func() {
			began := time.Now()
			if _, err := io.WriteString(w.in, answers[i]); err != nil {
				b.Error(err)
			}
			if _, err := io.Copy(io.Discard, w.out); err != nil {
				b.Error(err)
			}
			took[i] = time.Since(began)
		})
	}
	all.Wait()
	return took
}

// areIn holds that all were let in.
func areIn(b *testing.B, line []waiting) {
	b.Helper()
	for _, w := range line {
		if err := w.cmd.Wait(); err != nil {
			b.Errorf("not let in: %v", err)
		}
	}
	if b.Failed() {
		b.FailNow()
	}
}

// BenchmarkWaiting measures what a gate costs that waits for a code, untouched.
func BenchmarkWaiting(b *testing.B) {
	h, account := practice(b)
	h.Admin("practice", "enable", strings.TrimSuffix(account, "-1"))
	h.LogOn(account)
	b.Run("front=window", func(b *testing.B) {
		for b.Loop() {
			w := logOn(b, h, account)
			w.Says("Voer uw OTP (one-time password) in")
			story.Settle()
			story.ReportWaiting(b, w.Cmd.Process.Pid)
			w.Stop()
		}
	})
	b.Run("front=terminal", func(b *testing.B) {
		for b.Loop() {
			cmd, _, _, said := atGate(b, h, account, []string{"TERM=xterm"})
			isReady(b, said)
			story.Settle()
			story.ReportWaiting(b, cmd.Process.Pid)
			cmd.Process.Kill()
			cmd.Wait()
		}
	})
}

// reportTimes reports the median and the slowest of a hundred.
func reportTimes(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	at := func(percent int) float64 { return float64(took[(len(took)-1)*percent/100]) / float64(time.Millisecond) }
	b.ReportMetric(at(50), "p50-ms")
	b.ReportMetric(at(99), "p99-ms")
}
