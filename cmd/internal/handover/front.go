package handover

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"
	"time"
)

// Front is a program that asks in a process of its own, so that a driver for
// graphics may crash or hang in it without more harm than that another front
// asks.
type Front struct {
	Program string
	// Args come after its name and ReportFlag with its value.
	Args []string
}

// ReportFlag is by which a front is told where to report.
const ReportFlag = "--report"

// What a front reports, a line each. What ends without a report could not ask.
const (
	asks   = "asks" // somebody can see and answer it
	yes    = "yes"
	cannot = "cannot: " // and why
)

// asksWithin is how long a front may take until it asks. Without one a person
// would look at a black screen for ever.
var asksWithin = 10 * time.Second

// Answer is what became of a front. The zero Answer is a no.
type Answer struct {
	// Asked says that somebody could see it, or that it had nothing to ask.
	Asked bool
	Yes   bool
	// Status is that of its process.
	Status int
	// Causes say why it, and those before it, could not ask.
	Causes []string
}

// Ask runs fronts, one after the other, until one of them can ask, and returns
// what became of it. A front ends with this process. Error: none could be run.
func Ask(fronts ...Front) (Answer, error) {
	return firstThatAsks(fronts, func(f Front) (Answer, error) { return attempt(f, os.Environ()) })
}

func firstThatAsks(fronts []Front, try func(Front) (Answer, error)) (last Answer, err error) {
	var faults []error
	for _, front := range fronts {
		answer, err := try(front)
		if err != nil {
			faults = append(faults, err)
			continue
		}
		answer.Causes = append(last.Causes, answer.Causes...)
		if last = answer; answer.Asked {
			return answer, nil
		}
	}
	if len(faults) == len(fronts) {
		return Answer{}, errors.Join(faults...)
	}
	return last, nil
}

// listen reads what a front reports until it and all that it started have ended,
// and has it ended if it doesn't ask in time.
func listen(reports io.Reader, end func()) (a Answer) {
	late := time.AfterFunc(asksWithin, end)
	defer late.Stop()
	for lines := bufio.NewScanner(reports); lines.Scan(); {
		late.Stop()
		switch line := lines.Text(); {
		case line == asks:
			a.Asked = true
		case line == yes:
			a.Asked, a.Yes = true, true
			return a
		case strings.HasPrefix(line, cannot):
			a.Causes = append(a.Causes, strings.TrimPrefix(line, cannot))
		}
	}
	if !a.Asked && len(a.Causes) == 0 {
		a.Causes = []string{"it crashed, or was not there in time"}
	}
	return a
}

// Report is how a front tells the process that started it how it goes. The nil
// Report reports to nobody.
type Report struct{ pipe *os.File }

// NewReport returns the report of a front that was told this by ReportFlag; nil
// if it was told nothing.
func NewReport(told string) (*Report, error) {
	if told == "" {
		return nil, nil
	}
	pipe, err := reportPipe(told)
	if err != nil {
		return nil, err
	}
	return &Report{pipe}, nil
}

// Asks reports that somebody can see the front.
func (r *Report) Asks() error { return r.say(asks) }

// Cannot reports why the front can't ask.
func (r *Report) Cannot(cause error) error {
	return r.say(cannot + strings.ReplaceAll(cause.Error(), "\n", " "))
}

// Yes reports the answer. Whoever started the front acts on it.
func (r *Report) Yes() error { return r.say(yes) }

func (r *Report) say(line string) error {
	if r == nil {
		return nil
	}
	_, err := io.Copy(r.pipe, strings.NewReader(line+"\n"))
	return err
}
