package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/service"
	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/core"
	"evry.nl/tfa/core/otp"
)

const (
	// roleVariable has this program play a gate in a session of its own.
	roleVariable = "TFA_SERVICE_TEST_ROLE"
	// gateProgram is where it stands then: a session may run it before it has passed.
	gateProgram = "/usr/bin/tfa-logon"
)

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) != "" {
		if err := playGate(os.Args[1], os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(story.Main(m, "tfa-service", "tfa-session"))
}

// told is what a gate is told to do, said what it says of it.
type (
	told struct {
		// Code is one to log on with, Look has it ask as the tool does, and Page for
		// a page of the administrator's.
		Code string `json:"code,omitempty"`
		Look bool   `json:"look,omitempty"`
		Page string `json:"page,omitempty"`
		// Hold has it connect so often, and stay connected.
		Hold int `json:"hold,omitempty"`
	}
	said struct {
		Granted bool          `json:"granted,omitempty"`
		Lost    bool          `json:"lost,omitempty"` // no answer came, and the session has not passed
		Reason  core.Reason   `json:"reason,omitempty"`
		Error   string        `json:"error,omitempty"`
		Took    time.Duration `json:"took,omitempty"`
		Held    int           `json:"held,omitempty"` // connections
	}
)

// playGate opens a session as PAM does, becomes the account, and does in it what
// it is told on standard input.
func playGate(socket, account string) error {
	begin := exec.Command("/usr/bin/tfa-session", "pam")
	begin.Env = []string{"PAM_TYPE=open_session", "PAM_USER=" + account, "PAM_SERVICE=test", "PAM_TTY=:10", "PAM_RHOST=192.0.2." + strconv.Itoa(os.Getpid()%250)}
	begin.Stderr = os.Stderr
	if err := begin.Run(); err != nil {
		return fmt.Errorf("opening the session: %w", err)
	}
	if err := become(account); err != nil {
		return err
	}
	client := service.NewClient(socket)
	gate, tool := service.Gate{Client: client}, service.Tool{Client: client}
	actor := core.Actor{Account: account, Session: ":10"}
	in, out := json.NewDecoder(os.Stdin), json.NewEncoder(os.Stdout)
	for answer := (said{}); ; {
		if err := out.Encode(answer); err != nil {
			return err
		}
		var t told
		if err := in.Decode(&t); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		switch {
		case t.Hold > 0:
			answer = said{Held: connects(t.Hold)}
		case t.Look:
			answer = looksAt(tool, actor)
		case t.Page != "":
			status, text := page(t.Page)
			answer = said{Granted: status == http.StatusOK, Error: text}
		default:
			answer = logOn(gate, actor, t.Code)
		}
	}
}

func become(account string) error {
	u, err := user.Lookup(account)
	if err != nil {
		return err
	}
	id, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	return errors.Join(syscall.Setgroups(nil), syscall.Setgid(id), syscall.Setuid(id))
}

// logOn does what the gate does with a code: look, ask, and look again if
// nobody has said what came of it.
func logOn(gate service.Gate, actor core.Actor, code string) said {
	ctx, begun := context.Background(), clock.Now()
	prompt, err := gate.Prompt(ctx, actor)
	if err == nil && prompt.Stage == core.StagePassed {
		return said{Error: "it has passed before it has a code"}
	}
	var v core.Verdict
	if err == nil {
		v, err = gate.Verify(ctx, actor, code)
	}
	lost := false
	if core.CodeOf(err) == core.Conflict {
		prompt, err = gate.Prompt(ctx, actor)
		v.Granted = err == nil && prompt.Stage == core.StagePassed
		lost = !v.Granted
	}
	answer := said{Granted: v.Granted, Lost: lost, Reason: v.Reason, Took: clock.Now().Sub(begun)}
	if err != nil {
		answer.Error = err.Error()
	}
	return answer
}

// connects connects so often, and returns how many connections are answered. All
// stay open.
func connects(times int) (held int) {
	for range times {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			continue
		}
		stay = append(stay, conn)
		conn.SetDeadline(clock.Now().Add(story.Patience))
		conn.Write([]byte("GET /health HTTP/1.1\r\nHost: x\r\n\r\n"))
		if n, _ := conn.Read(make([]byte, 1)); n > 0 {
			held++
		}
	}
	return held
}

// stay are connections that nobody closes.
var stay []net.Conn

func looksAt(tool service.Tool, actor core.Actor) said {
	_, err := tool.Overview(context.Background(), actor)
	if err != nil {
		return said{Error: string(core.CodeOf(err))}
	}
	return said{Granted: true}
}

// gate is a gate that runs in a session of its own.
type gate struct {
	account string
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *json.Decoder
}

// startGate opens a session of an account and returns when its gate waits.
func (h *machine) startGate(account string) (*gate, error) {
	cmd := exec.CommandContext(h.t.Context(), gateProgram, socket, account)
	cmd.Env, cmd.Stderr = append(os.Environ(), roleVariable+"=gate"), os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	g := &gate{account, cmd, in, json.NewDecoder(bufio.NewReader(out))}
	h.mu.Lock()
	h.gates = append(h.gates, g)
	h.mu.Unlock()
	var ready said
	if err := g.out.Decode(&ready); err != nil {
		return nil, fmt.Errorf("%s does not come to the gate: %w", account, err)
	}
	return g, nil
}

// does has the gate do something, and returns what it says.
func (g *gate) does(t told) (answer said, err error) {
	if err := json.NewEncoder(g.in).Encode(t); err != nil {
		return said{}, fmt.Errorf("%s: %w", g.account, err)
	}
	if err := g.out.Decode(&answer); err != nil {
		return said{}, fmt.Errorf("the session of %s has ended: %w", g.account, err)
	}
	return answer, nil
}

// next returns the code of the first step after last that counts now and a while; ok is
// false if there is none.
func next(secret otp.Secret, last otp.Step) (code string, step otp.Step, ok bool) {
	now := otp.StepAt(clock.Now())
	step = max(now, last+1)
	code, err := otp.Code(secret, step)
	return code, step, err == nil && step <= now+1
}
