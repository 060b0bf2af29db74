package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"evry.nl/tfa/cmd/internal/clock"
	"evry.nl/tfa/cmd/internal/story"
	"evry.nl/tfa/core/otp"
)

const (
	// kills is how often the service is killed while people log on.
	kills = 100
	// longestLife is how long it lives in between, at most.
	longestLife = 200 * time.Millisecond
	// people log on at once, one after the other each.
	people = 6
)

// crowd is people who log on while the service is killed.
type crowd struct {
	*machine
	accounts chan string
	killed   chan struct{} // closed when the service is killed no more

	mu      sync.Mutex
	passed  map[*gate]bool
	granted map[string]int // logons, by account
	opened  map[string]int // sessions, by account and code
	lost    int            // answers
	refused int            // codes
}

// Whoever has a code gets in at last, nobody else does, no code opens two
// sessions, and who has passed stays so.
func TestTheServiceIsKilledDuringLogons(t *testing.T) {
	if !story.Alone(t) {
		logArtifact(t, measured)
		return
	}
	c := &crowd{
		machine: newMachine(t, 60), accounts: make(chan string), killed: make(chan struct{}),
		passed: map[*gate]bool{}, granted: map[string]int{}, opened: map[string]int{},
	}
	var logons sync.WaitGroup
	for range people {
		logons.Go(func() {
			for account := range c.accounts {
				c.logsOn(account)
			}
		})
	}
	logons.Go(c.sendPeople)
	for range kills {
		<-time.After(rand.N(longestLife))
		c.killService()
		c.startService()
	}
	close(c.killed)
	logons.Wait()
	c.judge()
	line := fmt.Sprintf("the service was killed %d times: %d accounts logged on, %d answers were lost, %d codes were refused",
		kills, len(c.granted), c.lost, c.refused)
	story.Must(t, os.WriteFile(filepath.Join(t.ArtifactDir(), measured), []byte(line), 0o644))
}

// judge holds what must be so when all is over.
func (c *crowd) judge() {
	for what, sessions := range c.opened {
		if sessions > 1 {
			account, _, _ := strings.Cut(what, " ")
			c.t.Errorf("one code of %s opened %d sessions", account, sessions)
		}
	}
	for _, g := range c.gates {
		answer, err := g.does(told{Look: true})
		if err != nil {
			c.t.Error(err)
		} else if c.passed[g] != answer.Granted {
			c.t.Errorf("a session of %s passed: %v; after the last kill: %+v", g.account, c.passed[g], answer)
		}
	}
	logged := c.logons()
	for account, granted := range c.granted {
		if logged[account] < granted {
			c.t.Errorf("%s passed %d times, and the log tells of %d", account, granted, logged[account])
		}
	}
	if len(c.granted) < kills/10 || c.refused == 0 {
		c.t.Errorf("%d accounts logged on and %d codes were refused: that shows nothing", len(c.granted), c.refused)
	}
}

// sendPeople sends one account after the other to the gate, while there are any
// and the service is killed.
func (c *crowd) sendPeople() {
	defer close(c.accounts)
	for account := range c.secrets {
		select {
		case c.accounts <- account:
		case <-c.killed:
			return
		}
	}
}

// logsOn is somebody who logs on, while somebody who has seen the code enters it
// too, and tries a wrong one.
func (c *crowd) logsOn(account string) {
	owner, err := c.startGate(account)
	if err != nil {
		c.t.Error(err)
		return
	}
	thief, err := c.startGate(account)
	if err != nil {
		c.t.Error(err)
		return
	}
	var last otp.Step
	var stealing sync.WaitGroup
	defer stealing.Wait()
	for try := range tries {
		code := c.newCode(account, &last)
		if try == 0 {
			stealing.Go(func() {
				if !c.enters(thief, code) {
					c.enters(thief, wrongCode(c.secrets[account]))
				}
			})
		}
		if c.enters(owner, code) {
			return
		}
	}
	c.t.Errorf("%s does not get in with %d codes", account, tries)
}

// tries is how many codes somebody enters: one that another was faster with, and
// some that were spent when the service was killed before it let them in.
const tries = 4

// newCode waits for a code that was not entered yet.
func (c *crowd) newCode(account string, last *otp.Step) string {
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		if code, step, ok := next(c.secrets[account], *last); ok {
			*last = step
			return code
		}
		<-again.C
	}
}

// wrongCode returns one that is right at no time near now.
func wrongCode(secret otp.Secret) string {
	now := otp.StepAt(clock.Now())
	near := map[string]bool{}
	for step := now - 30; step <= now+30; step++ {
		code, _ := otp.Code(secret, step)
		near[code] = true
	}
	for n := 0; ; n++ {
		if code := fmt.Sprintf("%06d", n); !near[code] {
			return code
		}
	}
}

// enters has a gate enter a code, and notes what came of it.
func (c *crowd) enters(g *gate, code string) bool {
	answer, err := g.does(told{Code: code})
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		c.t.Error(err)
	case answer.Error != "":
		c.t.Errorf("%s does not recover: %s", g.account, answer.Error)
	case answer.Lost:
		c.lost++
	case answer.Granted:
		c.opened[g.account+" "+code]++
		c.granted[g.account]++
		c.passed[g] = true
	default:
		c.refused++
	}
	return answer.Granted
}
